"""The facts of a generator from its TOML file: kind, citation, controls and hyper-parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from qaugbench.errors import DefinitionError, near_names
from qaugbench.kinds import Fidelity, Kind, Space, is_quantum, may_run_circuits
from qaugbench.typed import converted, from_dict

BUDGET_KEYS = ("steps", "batch_size")
TABLES = ("deviations", "generator", "space", "citation", "hyper", "track", "tune")


@dataclasses.dataclass(frozen=True)
class Training:
    """How a model that learns step by step is trained: ``steps`` updates on batches of ``batch_size`` points.

    ``learning_rate`` and ``weight_decay`` are those of the default optimiser. ``average`` is the decay of a moving average of
    all weights, which then is the result (0: the last weights are). The learning rates rise linearly over the first
    ``warm_up`` of the steps, then follow ``schedule``: constant, or a half cosine to 0.
    """

    steps: int = 0
    batch_size: int = 0
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    average: float = 0.0
    warm_up: float = 0.05
    schedule: Literal["cosine", "constant"] = "cosine"


TRAINING_KEYS = tuple(field.name for field in dataclasses.fields(Training))


@dataclasses.dataclass(frozen=True)
class Citation:
    """Whom to cite for a generator."""

    authors: str
    title: str
    year: int
    identifier: str = ""
    arxiv: str = ""
    doi: str = ""
    url: str = ""

    @property
    def text(self) -> str:
        """The citation as one line."""
        where = ", ".join(
            part for part in (f"arXiv:{self.arxiv}" if self.arxiv else "", self.doi, self.identifier, self.url) if part
        )
        return f"{self.authors} ({self.year}). {self.title}. {where}".rstrip(". ") + "."


@dataclasses.dataclass(frozen=True)
class GeneratorCard:
    """The facts of a generator.

    ``tracks`` holds settings by track, which override ``hyper``; without any, every track uses ``hyper``. Settings are
    the hyper-parameters of the class and, for one that learns step by step, the fields of ``Training``. ``space_settings``
    override those that the space has on the track. With ``per_label``, one model is fitted to the images of each label.
    ``tune`` holds what may be tuned, as the file states it (``search_space`` checks and reads it).
    With ``pretrained``, it starts from weights that a run names (``finetune:PATH``), given to the class as ``pretrained``.
    ``module`` is the file of ``qaugbench/generators`` that holds the class, where it is not named after the id.
    ``origin`` names the file.
    """

    id: str
    title: str
    kind: Kind
    fidelity: Fidelity
    space: Space
    controls: tuple[str, ...]
    tracks: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    citation: Citation | None = None
    deviations: tuple[str, ...] = ()
    hyper: dict[str, Any] = dataclasses.field(default_factory=dict)
    space_settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    tune: dict[str, Any] = dataclasses.field(default_factory=dict)
    per_label: bool = False
    pretrained: bool = False
    module: str = ""
    origin: str = ""

    def settings(self, track: str) -> dict[str, Any]:
        """Return hyper-parameters and budget for ``track``: the defaults, overridden by the track's own values."""
        if self.tracks and track not in self.tracks:
            raise DefinitionError(
                f"Generator {self.id!r} has no settings for track {track!r}.{near_names(track, self.tracks)}"
            )
        return {**self.hyper, **self.tracks.get(track, {})}


def split_settings(settings: Mapping[str, Any], origin: str = "settings") -> tuple[Training, dict[str, Any]]:
    """Return how a model is trained and the other settings, its hyper-parameters; a fit without steps has none to train.

    >>> split_settings({"steps": 5, "batch_size": 2, "noise": 0.1})[1]
    {'noise': 0.1}
    """
    training = {key: value for key, value in settings.items() if key in TRAINING_KEYS}
    hyper = {key: value for key, value in settings.items() if key not in TRAINING_KEYS}
    return from_dict(Training, training, origin), hyper


def build_card(facts: dict[str, Any], origin: str) -> GeneratorCard:
    """Return a generator's card from the dictionary of its file; DefinitionError says what is wrong in ``origin``."""
    for key in facts:
        if key not in TABLES:
            raise DefinitionError(f"{origin}: unknown table or key {key!r}.{near_names(key, TABLES)}")
    generator = facts.get("generator")
    if not isinstance(generator, dict):
        raise DefinitionError(f"{origin}: the table [generator] is missing.")
    _refuse_nested(generator, origin)
    others: dict[str, Any] = {key: facts[key] for key in ("deviations", "citation", "hyper", "tune") if key in facts}
    if "space" in facts:
        others["space_settings"] = converted(facts["space"], dict[str, Any], f"{origin}, table [space]")
    tracks = converted(facts.get("track", {}), dict[str, Any], f"{origin}, table [track]")
    card = from_dict(GeneratorCard, {**generator, **others, "tracks": tracks, "origin": origin}, origin)
    _check_controls(card)
    for track in card.tracks or ("",):
        _check_budget(card, track)
    return card


def _refuse_nested(generator: dict[str, Any], origin: str) -> None:
    """Raise if a table that belongs at the top level, or an unknown key, is inside [generator]."""
    for key in generator:
        if key in TABLES and key != "space":
            form = (
                "the list 'deviations' above the first table" if key == "deviations" else f"a table [{key}] of its own"
            )
            raise DefinitionError(f"{origin}: {key!r} is inside [generator]; write it as {form}.")
        if key in ("tracks", "origin", "space_settings"):
            raise DefinitionError(f"{origin}: unknown key {key!r} in [generator].")


def _check_controls(card: GeneratorCard) -> None:
    if is_quantum(card.kind) and not card.controls:
        raise DefinitionError(
            f"{card.origin}: a {card.kind} generator needs controls, to tell what its circuits contribute; "
            'name them, as in controls = ["twin", "no-entanglement", "frozen"].'
        )
    if card.controls and not may_run_circuits(card.kind):
        raise DefinitionError(
            f"{card.origin}: a generator of kind {card.kind!r} has no circuit that the controls "
            f"{', '.join(card.controls)} could replace; write controls = []."
        )


def _check_budget(card: GeneratorCard, track: str) -> None:
    """Raise unless the track states both numbers of its budget, or neither, for a fit without steps."""
    table = f"[track.{track}]" if track else "[hyper]"
    settings = card.settings(track)
    stated = [key for key in BUDGET_KEYS if key in settings]
    if len(stated) == 1:
        lacking = next(key for key in BUDGET_KEYS if key not in stated)
        raise DefinitionError(
            f"{card.origin}, {table}: {stated[0]!r} is given without {lacking!r}; give both, or neither if the fit takes no steps."
        )
    for key in stated:
        if type(settings[key]) is not int or settings[key] < 1:
            raise DefinitionError(
                f"{card.origin}, {table}: {key} must be a whole number from 1, got {settings[key]!r}."
            )
    training, _ = split_settings(settings, f"{card.origin}, {table}")
    for name, limit in (("average", 1.0), ("warm_up", 1.0)):
        if not 0 <= getattr(training, name) < limit:
            raise DefinitionError(
                f"{card.origin}, {table}: {name} must be at least 0 and below 1, got {settings[name]!r}."
            )
    if not stated and any(key in settings for key in TRAINING_KEYS):
        given = next(key for key in TRAINING_KEYS if key in settings)
        raise DefinitionError(
            f"{card.origin}, {table}: {given!r} is given, but no 'steps' and 'batch_size' to train with."
        )
