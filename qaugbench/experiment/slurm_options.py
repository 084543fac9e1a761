"""What ``--slurm KEY=VALUE`` may say, and how submitit calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qaugbench.errors import QaugbenchError, near_names, shown

CLUSTERS = ("slurm", "local")
TRIES = 3
MINUTES = 60
"""Time limit of a job, by default."""


@dataclass(frozen=True)
class _Option:
    """The parameter of submitit's ``AutoExecutor`` that a key becomes, and how its value is read."""

    parameter: str
    read: Callable[[str], Any] = str


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _amount(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


_TEXTS = ("partition", "account", "qos", "constraint", "exclude", "nodelist", "gres", "comment", "wckey")
OPTIONS: Mapping[str, _Option] = {
    "time": _Option("timeout_min", _whole),
    "mem_gb": _Option("mem_gb", _amount),
    "cpus_per_task": _Option("cpus_per_task", _whole),
    "gpus_per_node": _Option("gpus_per_node", _whole),
    "setup": _Option("slurm_setup", lambda text: [text]),
    **{name: _Option(f"slurm_{name}") for name in _TEXTS},
}
OWN: Mapping[str, Callable[[str], Any]] = {"cluster": str, "tries": _whole}
"""Keys that are not passed on: where jobs run, and how many of them may end on one step."""
NUMBERS: Mapping[Callable[[str], Any], str] = {_whole: "a whole number from 1", _amount: "a number above 0"}


@dataclass(frozen=True)
class SlurmOptions:
    """``cluster`` is slurm, or local for jobs of this machine; ``parameters`` are those of submitit's ``AutoExecutor``."""

    cluster: str = "slurm"
    tries: int = TRIES
    parameters: Mapping[str, Any] = field(default_factory=dict)


def slurm_options(given: Mapping[str, str]) -> SlurmOptions:
    """Return the options that ``given`` keys and values stand for; raise ``QaugbenchError`` for one that is not known."""
    values = {name: _value(name, str(text)) for name, text in given.items()}
    cluster = values.pop("cluster", "slurm")
    if cluster not in CLUSTERS:
        raise QaugbenchError(f"--slurm cluster={shown(cluster)} is not known.{near_names(cluster, CLUSTERS)}")
    tries = values.pop("tries", TRIES)
    parameters = {OPTIONS[name].parameter: value for name, value in {"time": MINUTES, **values}.items()}
    return SlurmOptions(cluster, tries, parameters)


def _value(name: str, text: str) -> Any:
    if name not in OPTIONS and name not in OWN:
        raise QaugbenchError(f"--slurm has no key {shown(name)!r}.{near_names(name, (*OPTIONS, *OWN))}")
    read = OWN[name] if name in OWN else OPTIONS[name].read
    try:
        return read(text)
    except ValueError as error:
        wanted = "minutes, a whole number from 1" if name == "time" else NUMBERS[read]
        raise QaugbenchError(f"--slurm {name} takes {wanted}, got {shown(text)!r}.") from error
