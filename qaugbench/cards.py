"""The facts of a generator from its TOML file: kind, citation, controls and hyper-parameters."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any, Literal

from qaugbench.errors import DefinitionError, near_names
from qaugbench.kinds import CIRCUIT_SPACES, Fidelity, Kind, Space, is_quantum, may_run_circuits, still_runs_circuits
from qaugbench.typed import converted, from_dict

LENGTHS = ("steps", "epochs")
TABLES = ("deviations", "generator", "space", "citation", "hyper", "track", "tune", "variant")
DERIVED = ("tracks", "origin", "space_settings", "own_space", "space_twin_of", "variants", "variant", "defect", "fails")
"""Fields of a card that no file states in its table [generator]."""


@dataclasses.dataclass(frozen=True)
class Training:
    """How a model that learns step by step is trained: ``steps`` updates on batches of ``batch_size`` points.

    In place of ``steps`` there may be ``epochs``, passes over the training images without those left over from the last
    batch, as some papers train; the number of updates then grows with the images. ``learning_rate`` and ``weight_decay`` are
    those of the default optimiser. ``average`` is the decay of a moving average of all weights, which then is the result (0:
    the last weights are). The learning rates rise linearly over the first ``warm_up`` of the steps, then follow ``schedule``:
    constant, or a half cosine to 0.
    """

    steps: int = 0
    batch_size: int = 0
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    average: float = 0.0
    warm_up: float = 0.05
    schedule: Literal["cosine", "constant"] = "cosine"
    epochs: int = 0

    @property
    def takes_steps(self) -> bool:
        """Whether there is anything to train."""
        return bool(self.steps or self.epochs)

    def on(self, n_images: int) -> Training:
        """Return the training on ``n_images`` images, its steps counted: all images are one batch where they do not fill one.

        >>> Training(epochs=80, batch_size=64).on(482).steps
        560
        """
        if not self.epochs:
            return self
        batch_size = min(self.batch_size, max(n_images, 1))
        return dataclasses.replace(self, steps=self.epochs * max(n_images // batch_size, 1), batch_size=batch_size)

    def lasting(self, steps: int, batch_size: int) -> Training:
        """Return the same training with another budget."""
        return dataclasses.replace(self, steps=steps, batch_size=batch_size, epochs=0)


TRAINING_KEYS = tuple(field.name for field in dataclasses.fields(Training))


@dataclasses.dataclass(frozen=True)
class Citation:
    """Whom to cite for a generator, and in ``claim`` what the paper says of it, in one sentence.

    ``data`` says on what data it says so, ``seeds`` from how many seeds; what is not public is said to be not known.
    """

    authors: str
    title: str
    year: int
    claim: str = ""
    data: str = ""
    seeds: str = ""
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

    ``variants`` names the other ways in which the file says that the generator can be run, such as ``as-released``; each has
    a card of its own, whose id is ``id:variant``. ``defect`` says what is wrong in the published code that such a variant
    repeats, and ``fails`` which questions of the audit of circuits it fails for that; with ``own_space`` its space has
    settings that are not the generator's. ``space_twin_of`` names the generator where nothing else differs from it than that a
    twin stands for the circuits of its space.
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
    own_space: bool = False
    space_twin_of: str = ""
    tune: dict[str, Any] = dataclasses.field(default_factory=dict)
    per_label: bool = False
    pretrained: bool = False
    module: str = ""
    origin: str = ""
    variants: tuple[str, ...] = ()
    variant: str = ""
    defect: str = ""
    fails: tuple[str, ...] = ()

    @property
    def disclosed(self) -> tuple[str, ...]:
        """All that a reader of a result has to know: the defect that was kept, then the deviations from the paper."""
        return (*((f"Keeps a defect of the published code: {self.defect}",) if self.defect else ()), *self.deviations)

    @property
    def space_runs_circuits(self) -> bool:
        """Whether circuits run in its space, so that images have passed some whatever the generator is made of."""
        return self.space in CIRCUIT_SPACES and still_runs_circuits(str(self.space_settings.get("control", "none")))

    def kind_under(self, control: str) -> Kind:
        """Return the kind of its arm under a control: classical only if no circuit is left, in the generator or its space."""
        return self.kind if still_runs_circuits(control) or self.space_runs_circuits else "classical"

    def settings(self, track: str) -> dict[str, Any]:
        """Return hyper-parameters and budget for ``track``: the defaults, overridden by the track's own values."""
        if self.tracks and track not in self.tracks:
            raise DefinitionError(
                f"Generator {self.id!r} has no settings for track {track!r}.{near_names(track, self.tracks)}"
            )
        return overlaid(self.hyper, self.tracks.get(track, {}))


@dataclasses.dataclass(frozen=True)
class VariantFacts:
    """A table [variant.NAME]: what differs from the generator of the file, which it is otherwise.

    ``deviations`` are its own, all of them; ``title`` is that of the generator with the name of the variant, if not stated.
    ``hyper`` lies over the settings of the generator on every track, ``track`` over that, ``space`` over its space's. With
    ``in_space`` it learns in another space, to which the generator's settings of its own do not apply. ``kind`` says
    "classical" of a variant that runs none of the generator's circuits, and so has no controls; ``controls`` are those of
    another variant where they are not the generator's.
    """

    deviations: tuple[str, ...]
    title: str = ""
    kind: Literal["", "classical"] = ""
    controls: tuple[str, ...] = ()
    defect: str = ""
    fails: tuple[str, ...] = ()
    hyper: dict[str, Any] = dataclasses.field(default_factory=dict)
    space: dict[str, Any] = dataclasses.field(default_factory=dict)
    track: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    in_space: Space | None = None

    @property
    def only_a_space_twin(self) -> bool:
        """Whether all that differs is that a twin stands for the circuits of the space."""
        return self.space == {"control": "twin"} and not (self.hyper or self.track or self.in_space)


def overlaid(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings, each layer over those before; steps and epochs replace one another.

    >>> overlaid({"steps": 100, "batch_size": 8}, {"epochs": 3})
    {'batch_size': 8, 'epochs': 3}
    """
    found: dict[str, Any] = {}
    for layer in layers:
        if any(key in layer for key in LENGTHS):
            found = {key: value for key, value in found.items() if key not in LENGTHS}
        found |= layer
    return found


def split_settings(settings: Mapping[str, Any], origin: str = "settings") -> tuple[Training, dict[str, Any]]:
    """Return how a model is trained and the other settings, its hyper-parameters; a fit without steps has none to train.

    >>> split_settings({"steps": 5, "batch_size": 2, "noise": 0.1})[1]
    {'noise': 0.1}
    """
    training = {key: value for key, value in settings.items() if key in TRAINING_KEYS}
    hyper = {key: value for key, value in settings.items() if key not in TRAINING_KEYS}
    return from_dict(Training, training, origin), hyper


def build_card(facts: dict[str, Any], origin: str, variant: str = "") -> GeneratorCard:
    """Return the card of a generator, or of one of its variants, from the dictionary of its file.

    Raises:
        DefinitionError: something is wrong in the file, which ``origin`` names, be it in another variant.
    """
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
    stated = converted(facts.get("variant", {}), dict[str, Any], f"{origin}, table [variant]")
    given = {**generator, **others, "tracks": tracks, "origin": origin, "variants": tuple(stated)}
    cards = {"": from_dict(GeneratorCard, given, origin)}
    for name, differs in stated.items():
        where = f"{origin}, table [variant.{name}]"
        cards[name] = _variant(
            cards[""], name, from_dict(VariantFacts, converted(differs, dict[str, Any], where), where)
        )
    for card in cards.values():
        _check_controls(card)
        for track in card.tracks or ("",):
            _check_budget(card, track)
    return cards[variant]


def _variant(card: GeneratorCard, name: str, differs: VariantFacts) -> GeneratorCard:
    """Return the card of a variant; it is not tuned."""
    unknown = next((track for track in differs.track if track not in card.tracks), None)
    if unknown is not None or ":" in name:
        raise DefinitionError(
            f"{card.origin}, table [variant.{name}]: "
            + ("a name has no colon." if ":" in name else f"the generator has no track {unknown!r}.")
        )
    return dataclasses.replace(
        card,
        id=f"{card.id}:{name}",
        title=differs.title or f"{card.title}, {name.replace('-', ' ')}",
        kind=differs.kind or card.kind,
        controls=() if differs.kind else differs.controls or card.controls,
        deviations=differs.deviations,
        defect=differs.defect,
        fails=differs.fails,
        hyper=overlaid(card.hyper, differs.hyper),
        tracks={
            track: overlaid(card.settings(track), differs.hyper, differs.track.get(track, {})) for track in card.tracks
        },
        space=differs.in_space or card.space,
        space_settings=overlaid({} if differs.in_space else card.space_settings, differs.space),
        own_space=bool(differs.space),
        space_twin_of=card.id if differs.only_a_space_twin and card.space_runs_circuits else "",
        tune={},
        variants=(),
        variant=name,
    )


def _refuse_nested(generator: dict[str, Any], origin: str) -> None:
    """Raise if a table that belongs at the top level, or an unknown key, is inside [generator]."""
    fields = [field.name for field in dataclasses.fields(GeneratorCard)]
    stated = [name for name in fields if name not in DERIVED and (name not in TABLES or name == "space")]
    for key in generator:
        if key in TABLES and key != "space":
            form = (
                "the list 'deviations' above the first table" if key == "deviations" else f"a table [{key}] of its own"
            )
            raise DefinitionError(f"{origin}: {key!r} is inside [generator]; write it as {form}.")
        if key not in stated:
            raise DefinitionError(f"{origin}: unknown key {key!r} in [generator].{near_names(key, stated)}")


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
    length = "epochs" if "epochs" in settings else "steps"
    budget = (length, "batch_size")
    stated = [key for key in budget if key in settings]
    if len(stated) == 1:
        lacking = next(key for key in budget if key not in stated)
        raise DefinitionError(
            f"{card.origin}, {table}: {stated[0]!r} is given without {lacking!r}; give both, or neither if the fit takes no steps."
            + "".join(f" Is {key!r} misspelt?" for key in difflib.get_close_matches(lacking, settings, n=1))
        )
    for key in stated:
        if type(settings[key]) is not int or settings[key] < 1:
            raise DefinitionError(
                f"{card.origin}, {table}: {key} must be a whole number from 1, got {settings[key]!r}."
            )
    if card.per_label and length == "epochs":
        raise DefinitionError(
            f"{card.origin}, {table}: with per_label, give steps: labels have different numbers of images."
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
