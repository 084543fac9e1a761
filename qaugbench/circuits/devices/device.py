"""The name of a device, checked before any work."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qaugbench.errors import CircuitError, missing_package, near_names

KINDS = {
    "fake": "fake:NAME, a snapshot of an IBM device simulated with its noise",
    "aer": "aer, Qiskit's simulator without noise",
    "ibm": "ibm:NAME, an IBM device, with the account saved by Qiskit's own tools",
    "replay": "replay:FOLDER, the stored answers of a device",
}


@dataclass(frozen=True)
class Device:
    """Where circuits run: ``kind`` is one of ``KINDS``, ``name`` the device or the folder to replay.

    ``store`` is the folder of job ids and raw counts: finished jobs are read from it rather than run again, and
    ``replay:FOLDER`` reads it too; None stores nothing. An IBM device needs one, since its answers cannot be obtained
    twice.

    Raises:
        CircuitError: an unknown kind or snapshot, a missing package or folder.

    >>> print(Device.parse("aer"))
    aer
    """

    kind: str
    name: str = ""
    store: Path | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise CircuitError(f"Unknown device {str(self)!r}; write one of: {'; '.join(KINDS.values())}.")
        if bool(self.name) == (self.kind == "aer"):
            raise CircuitError(f"A device is written {KINDS[self.kind]}; given {str(self)!r}.")
        if self.kind == "replay" and not Path(self.name).is_dir():
            raise CircuitError(f"There is no folder {self.name!r} to replay.")
        if self.kind == "replay" and self.store is not None:
            raise CircuitError(f"A replay runs nothing, so there is nothing to keep in {self.store}; leave store out.")
        if self.kind == "ibm" and self.store is None:
            raise CircuitError(f"Give a folder for the answers of {self}: they cannot be obtained twice.")
        if self.kind != "replay":
            require_qiskit("qiskit_aer", "qiskit_ibm_runtime")
        if self.kind == "fake" and self.name not in snapshots():
            raise CircuitError(f"Unknown device {str(self)!r}.{near_names(self.name, snapshots())}")

    @classmethod
    def parse(cls, text: str, store: Path | str | None = None) -> Device:
        """Return the device written ``kind:name``; ``store`` is the folder that keeps its answers."""
        kind, _, name = text.partition(":")
        return cls(kind, name, None if store is None else Path(store))

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def snapshots() -> dict[str, Any]:
    """Return the classes of the device snapshots that come with qiskit-ibm-runtime, by name, such as "torino"."""
    require_qiskit("qiskit_ibm_runtime")
    from qiskit_ibm_runtime import fake_provider

    found = [getattr(fake_provider, name) for name in dir(fake_provider) if name.startswith("Fake")]
    return {made.backend_name.removeprefix("fake_"): made for made in found if hasattr(made, "backend_name")}


def require_qiskit(*packages: str) -> None:
    """Raise unless Qiskit and ``packages`` are installed."""
    missing = [package.replace("_", "-") for package in ("qiskit", *packages) if find_spec(package) is None]
    if missing:
        words = missing_package("A device (other than the replay of stored answers)", *missing, extra="qiskit")
        raise CircuitError(words)
