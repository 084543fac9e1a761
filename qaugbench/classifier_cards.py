"""The facts of a classifier from its TOML file in ``baselines/classifiers``: kind, citation, controls, settings on each track."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any, Literal

from qaugbench import definitions
from qaugbench.cards import Citation, overlaid
from qaugbench.errors import DefinitionError, near_names
from qaugbench.kinds import CONTROL_NAMES, Fidelity, Kind, is_quantum, may_run_circuits, still_runs_circuits
from qaugbench.recipe import Recipe
from qaugbench.typed import converted, from_dict

FOLDER = "classifiers"
TABLES = ("deviations", "classifier", "citation", "hyper", "track", "variant")
DERIVED = ("tracks", "origin", "variants", "variant", "defect", "fails", "deviations", "citation", "hyper")
BOTTLENECK, LINEAR = "bottleneck", "linear"
GROUND_CONTROLS = (BOTTLENECK, LINEAR)
"""Controls of classifiers alone: circuits pass their inputs on; or the recipe's own plain last layer."""
ALL_CONTROLS = (*CONTROL_NAMES, *GROUND_CONTROLS)


@dataclasses.dataclass(frozen=True)
class ClassifierTraining:
    """How a classifier is trained where that is not as the recipe of the track has it; None: as the recipe.

    ``loss`` is the recipe's class-balanced one or a plain mean, ``augment`` the locked augmentation or none. The optimiser is the
    recipe's, AdamW, which without weight decay is Adam.
    """

    steps: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    warmup_steps: int | None = None
    evaluations: int | None = None
    loss: Literal["balanced", "plain"] = "balanced"
    augment: Literal["locked", "none"] = "locked"

    def of(self, recipe: Recipe) -> Recipe:
        """Return ``recipe`` with what is stated here in place of its own.

        >>> from qaugbench.recipe import Augment
        >>> recipe = Recipe("resnet18", 100, 16, 1e-3, Augment(False, 0, 0, 0, 0, 0, 0))
        >>> ClassifierTraining(batch_size=32).of(recipe).batch_real
        32
        """
        own = {"batch_real": self.batch_size} | {
            name: getattr(self, name)
            for name in ("steps", "learning_rate", "weight_decay", "warmup_steps", "evaluations")
        }
        return dataclasses.replace(recipe, **{name: value for name, value in own.items() if value is not None})


TRAINING_KEYS = tuple(field.name for field in dataclasses.fields(ClassifierTraining))


@dataclasses.dataclass(frozen=True)
class ClassifierCard:
    """The facts of a classifier, or of a variant of it, whose id is ``id:variant``.

    ``hyper`` holds fields of its class's ``Hyper`` and of ``ClassifierTraining``, ``tracks`` what differs on a track. ``defect``
    says what is wrong in published code that a variant repeats, and ``fails`` which questions of the audit it fails for that.
    """

    id: str
    title: str
    kind: Kind
    fidelity: Fidelity
    controls: tuple[str, ...]
    module: str = ""
    tracks: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    citation: Citation | None = None
    deviations: tuple[str, ...] = ()
    hyper: dict[str, Any] = dataclasses.field(default_factory=dict)
    origin: str = ""
    variants: tuple[str, ...] = ()
    variant: str = ""
    defect: str = ""
    fails: tuple[str, ...] = ()

    @property
    def disclosed(self) -> tuple[str, ...]:
        """All that a reader of a result has to know: the defect that was kept, then the deviations from the paper."""
        return (*((f"Keeps a defect of the published code: {self.defect}",) if self.defect else ()), *self.deviations)

    def kind_under(self, control: str) -> Kind:
        """Return the kind of its arm under a control: classical where no circuit is left."""
        return self.kind if still_runs_circuits(control) else "classical"

    def settings(self, track: str) -> dict[str, Any]:
        """Return everything that its file states for ``track``; a track that the file does not name has what is stated for all."""
        return overlaid(self.hyper, self.tracks.get(track, {}))

    def split_settings(self, track: str) -> tuple[ClassifierTraining, dict[str, Any]]:
        """Return how it is trained on ``track``, and the fields of its class's ``Hyper``."""
        settings = self.settings(track)
        training = {key: value for key, value in settings.items() if key in TRAINING_KEYS}
        hyper = {key: value for key, value in settings.items() if key not in TRAINING_KEYS}
        return from_dict(ClassifierTraining, training, f"{self.origin}, settings of the track {track!r}"), hyper


@dataclasses.dataclass(frozen=True)
class ClassifierVariant:
    """A table [variant.NAME]: what differs from the classifier of the file, which it is otherwise."""

    deviations: tuple[str, ...]
    title: str = ""
    kind: Literal["", "classical"] = ""
    controls: tuple[str, ...] | None = None
    defect: str = ""
    fails: tuple[str, ...] = ()
    hyper: dict[str, Any] = dataclasses.field(default_factory=dict)
    track: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)


def classifier_families() -> list[str]:
    """Return the ids of all classifiers, without their variants."""
    return sorted(path.stem for path in (definitions.folder("baselines") / FOLDER).glob("*.toml"))


def classifier_names() -> list[str]:
    """Return the ids of all classifiers, each followed by those of its variants."""
    families = {name: classifier_card(name).variants for name in classifier_families()}
    return [name for family, its in families.items() for name in (family, *(f"{family}:{one}" for one in its))]


def usable_classifiers() -> list[ClassifierCard]:
    """Return the facts of each classifier, in the order of their names; variants are not among them."""
    return [classifier_card(name) for name in classifier_families()]


@cache
def classifier_card(name: str) -> ClassifierCard:
    """Return the facts of the classifier called ``name``; after a colon may be a variant that its file states."""
    family, colon, variant = name.partition(":")
    if family not in classifier_families():
        raise unknown_classifier(name)
    path = definitions.folder("baselines") / FOLDER / f"{family}.toml"
    card = build_classifier_card(definitions.parse_toml(path), f"baselines/{FOLDER}/{family}.toml", variant)
    if card.id.partition(":")[0] != family:
        raise DefinitionError(f"{card.origin}: the id is {card.id!r}, but the file is called {family!r}; use one name.")
    if colon and not variant:
        raise unknown_classifier(name)
    return card


def split_classifier(name: str) -> tuple[str, str]:
    """Return the classifier that ``name`` means, with its variant, and the control that follows, "" without one.

    An unknown name or control raises with near names.
    """
    family, _, rest = name.partition(":")
    card = classifier_card(family)
    variant, _, after = rest.partition(":")
    of, control = (f"{family}:{variant}", after) if variant in card.variants else (family, rest)
    known = ALL_CONTROLS if may_run_circuits(classifier_card(of).kind) else (LINEAR,)
    if control and control not in known:
        what = "control or variant" if card.variants else "control"
        raise DefinitionError(
            f"The classifier {family!r} has no {what} {control!r}.{near_names(control, (*card.variants, *known))}"
        )
    return of, control


def unknown_classifier(name: str) -> DefinitionError:
    """Return the error that answers a name that no classifier has."""
    listed = " 'qaugbench list classifiers' lists all."
    if name.partition(":")[0] in definitions.families():
        return DefinitionError(f"{name!r} is a generator, not a classifier: give it with --generator.{listed}")
    return DefinitionError(f"There is no classifier {name!r}.{near_names(name, classifier_families())}{listed}")


def build_classifier_card(facts: dict[str, Any], origin: str, variant: str = "") -> ClassifierCard:
    """Return the card of a classifier, or of one of its variants, from the dictionary of its file.

    Raises:
        DefinitionError: something is wrong in the file, which ``origin`` names, or it has no such variant.
    """
    for key in facts:
        if key not in TABLES:
            raise DefinitionError(f"{origin}: unknown table or key {key!r}.{near_names(key, TABLES)}")
    stated = facts.get("classifier")
    if not isinstance(stated, dict):
        raise DefinitionError(f"{origin}: the table [classifier] is missing.")
    for key in stated:
        if key in DERIVED:
            raise DefinitionError(f"{origin}: {key!r} is inside [classifier]; write it above or as a table of its own.")
    others = {key: facts[key] for key in ("deviations", "citation", "hyper") if key in facts}
    tables = {
        key: converted(facts.get(key, {}), dict[str, Any], f"{origin}, table [{key}]") for key in ("track", "variant")
    }
    given = {**stated, **others, "tracks": tables["track"], "origin": origin, "variants": tuple(tables["variant"])}
    card = from_dict(ClassifierCard, given, origin)
    _check(card)
    if not variant:
        return card
    if variant not in tables["variant"]:
        raise unknown_classifier(f"{card.id}:{variant}")
    where = f"{origin}, table [variant.{variant}]"
    return _variant(card, variant, from_dict(ClassifierVariant, dict(tables["variant"][variant]), where))


def _variant(card: ClassifierCard, name: str, differs: ClassifierVariant) -> ClassifierCard:
    own = (LINEAR,) if differs.kind else card.controls
    found = dataclasses.replace(
        card,
        id=f"{card.id}:{name}",
        title=differs.title or f"{card.title}, {name.replace('-', ' ')}",
        kind=differs.kind or card.kind,
        controls=own if differs.controls is None else differs.controls,
        deviations=differs.deviations,
        defect=differs.defect,
        fails=differs.fails,
        hyper=overlaid(card.hyper, differs.hyper),
        tracks={
            track: overlaid(card.settings(track), differs.hyper, differs.track.get(track, {}))
            for track in {**card.tracks, **differs.track}
        },
        variants=(),
        variant=name,
    )
    _check(found)
    return found


def _check(card: ClassifierCard) -> None:
    for name in card.variants:
        if name in ALL_CONTROLS or ":" in name:
            raise DefinitionError(
                f"{card.origin}: a variant cannot be called {name!r}, like a control or with a colon."
            )
    for control in card.controls:
        if control not in ALL_CONTROLS:
            raise DefinitionError(f"{card.origin}: there is no control {control!r}.{near_names(control, ALL_CONTROLS)}")
    if is_quantum(card.kind) and not card.controls:
        raise DefinitionError(
            f"{card.origin}: a {card.kind} classifier needs controls, to tell what its circuits contribute; "
            'name them, as in controls = ["twin", "no-entanglement", "bottleneck", "linear"].'
        )
    if not may_run_circuits(card.kind) and set(card.controls) - {LINEAR}:
        raise DefinitionError(f"{card.origin}: a classifier of kind {card.kind!r} has no circuit to replace.")
    for track in ("", *card.tracks):
        training, _ = card.split_settings(track)
        for name in ("steps", "batch_size", "evaluations"):
            value = getattr(training, name)
            if value is not None and value < 1:
                raise DefinitionError(f"{card.origin}: {name} must be a whole number from 1, got {value!r}.")
