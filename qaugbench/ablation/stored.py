"""A study of noise read back from its ``noise.json``."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from qaugbench.ablation.levels import Level, Sweep
from qaugbench.ablation.study import LevelResult, Side, Study, StudyResult
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.written import BACKEND, as_executed
from qaugbench.errors import EntryError, QaugbenchError, shown
from qaugbench.places import NOISE_FILE
from qaugbench.report.study_list import read_study

Built = TypeVar("Built")
CALLED: dict[tuple[str, str], str] = {
    ("Side", "measures"): "replicates",
    ("Study", "n_drawn"): "images",
    ("Study", "twin"): "twin_missing",
    ("Study", "equal_noise"): "equal_noise_missing",
}
"""What fields are called in the file where that is not their own name."""


def stored_noise(folder: Path) -> StudyResult:
    """Return the study in a folder, with as many levels as are done; EntryError where its file does not hold one."""
    return study_of(read_study(folder, NOISE_FILE), folder / NOISE_FILE)


def study_of(content: dict[str, Any], file: Path) -> StudyResult:
    """Return the study that plain data hold, read from a ``file``, which messages name; EntryError where they hold none."""
    try:
        return _study_result(content)
    except (KeyError, TypeError, ValueError, AttributeError, QaugbenchError) as error:
        raise EntryError(
            f"{shown(file, None)} holds no study of noise that can be read: {shown(repr(error), 200)}."
        ) from error


def _study_result(content: dict[str, Any]) -> StudyResult:
    classifier = content["classifier"]
    stated = {**content, "endpoint": classifier["endpoint"], "endpoint_title": classifier["title"]}
    sweeps = [{**sweep, "levels": sweep.get("planned", sweep["levels"])} for sweep in content["sweeps"]]
    done = [
        _built(LevelResult, {**level, "sweep": sweep["name"], "level": level})
        for sweep in content["sweeps"]
        for level in sweep["levels"]
    ]
    return StudyResult(
        study=_built(Study, {**stated, "sweeps": sweeps}),
        twin=_value(content["twin"], Side | None),
        levels=tuple(done),
        real_only=_value(content["real_only"], Side | None),
    )


@dataclasses.dataclass(frozen=True)
class StoredSnapshot:
    """The noise of a backend by name, as it was written: to be read and shown without Qiskit, not to be run."""

    backend: str
    idles: bool = True
    optimization_level: int = 2
    seed: int = 0
    trajectories: int | None = None


def _executed(facts: dict[str, Any]) -> Execution:
    if facts.get("noise") != BACKEND or "mitigation" in facts:
        return as_executed(facts)
    rest = {name: value for name, value in facts.items() if name not in ("noise", "shots")}
    return Execution(shots=facts.get("shots"), noise=StoredSnapshot(**rest))


def _built(kind: type[Built], facts: dict[str, Any]) -> Built:
    """Return a dataclass from its plain data, which may say more than it has fields."""
    hints = typing.get_type_hints(kind)
    found = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        name = CALLED.get((kind.__name__, field.name), field.name)
        if name in facts:
            found[field.name] = _value(facts[name], hints[field.name])
    if kind is Level and found["value"] is None:
        found["value"] = math.inf  # JSON has no word for it
    return kind(**found)


def _value(value: Any, hint: Any) -> Any:
    if value is None:
        return None
    shape, arguments = typing.get_origin(hint), typing.get_args(hint)
    if shape in (typing.Union, types.UnionType):
        (hint,) = (one for one in arguments if one is not type(None))
        return _value(value, hint)
    if shape is tuple:
        return tuple(_value(one, arguments[0]) for one in value)
    if hint is Execution:
        return _executed(value)
    return _built(hint, value) if hint in (Level, Sweep, Side) or dataclasses.is_dataclass(hint) else value
