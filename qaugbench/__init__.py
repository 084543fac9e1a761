"""Does synthetic data from quantum generative models help medical image classifiers, and is the quantum part the reason?

``qaugbench.run(task="brainmri", generators=["qldm"], data="scans.zip")`` does what ``qaugbench run`` does, and
``qaugbench.load("runs/...")`` opens what a run left, an entry, or a folder of boards; of a run in ``runs`` the name is enough.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "load", "run"]
PLACES = {"run": "qaugbench.experiment.run", "load": "qaugbench.report.load"}
"""Where a public function is; it is imported when it is first asked for."""

if TYPE_CHECKING:
    from qaugbench.experiment.run import run
    from qaugbench.report.load import load


def __getattr__(name: str) -> Any:
    if name in PLACES:
        return getattr(import_module(PLACES[name]), name)
    raise AttributeError(f"module 'qaugbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
