"""Where and with what a run is made."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qaugbench import __version__
from qaugbench.errors import QaugbenchError
from qaugbench.experiment.fingerprint import code_hash
from qaugbench.record import Environment

PACKAGES = (
    "diffusers",
    "joblib",
    "numpy",
    "pandas",
    "pennylane",
    "pillow",
    "scikit-learn",
    "scipy",
    "timm",
    "torch",
)


def now() -> str:
    """Return the present time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def environment(device: str) -> Environment:
    """Return the facts of this machine and installation that a record states."""
    return Environment(
        created=now(),
        qaugbench=__version__,
        commit=commit(),
        code_sha256=code_hash("qaugbench.experiment.run"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        processor=processor(),
        cores=usable_cores(),
        accelerator=accelerator_name(device),
        packages=packages(),
    )


def packages() -> dict[str, str]:
    """Return the installed versions of the packages that a run depends on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def commit() -> str | None:
    """Return the git commit of the checkout this runs from, with "+changes" when it is not clean; None outside one."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True
        ).stdout.strip()
        tracked = ["git", "status", "--porcelain", "--untracked-files=no"]
        changed = subprocess.run(tracked, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+changes" if changed else "")


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Return the name of the processor where the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [
            line.partition(":")[2].strip()
            for line in information.read_text().splitlines()
            if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def choose_device(accelerator: str, *, remote: bool = False) -> str:
    """Return the torch device for ``--accelerator``: ``auto`` takes a GPU where there is one, and the log says which.

    Where other machines compute (``remote``), this one's GPU says nothing: ``auto`` is the CPU, and each checks for itself.
    """
    if remote:
        return "cuda" if accelerator == "cuda" else "cpu"
    if accelerator == "cpu" or (accelerator == "auto" and not may_have_gpu()):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if accelerator == "cuda":
        raise QaugbenchError(
            "--accelerator cuda was asked for, but torch sees no CUDA device. Use --accelerator cpu or auto."
        )
    return "cpu"


def may_have_gpu() -> bool:
    """Return whether this machine shows any driver that torch could use as CUDA; saves importing torch where none is.

    The devices are those of NVIDIA's driver, of the same under WSL, and of AMD's ROCm.
    """
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd"))


def accelerator_name(device: str) -> str:
    """Return "cpu", or the name of the GPU; "cuda" alone where only other machines have one."""
    if device == "cpu":
        return "cpu"
    import torch

    if not torch.cuda.is_available():
        return "cuda"
    return f"cuda: {torch.cuda.get_device_name()}"
