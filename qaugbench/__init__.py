"""Does synthetic data from quantum generative models help medical image classifiers, and is the quantum part the reason?

``qaugbench.run(task="brainmri", generators=["qldm"], data="scans.zip")`` does what ``qaugbench run`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "run"]

if TYPE_CHECKING:
    from qaugbench.experiment.run import run


def __getattr__(name: str) -> Any:
    if name == "run":
        from qaugbench.experiment.run import run

        return run
    raise AttributeError(f"module 'qaugbench' has no attribute {name!r}")
