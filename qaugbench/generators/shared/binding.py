"""Whether a generator's facts fit its class: kind, space, and every hyper-parameter of a track, before anything is computed."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Collection, Mapping
from typing import Any

from qaugbench.cards import GeneratorCard, split_settings
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.errors import DefinitionError, near_names
from qaugbench.generators.contract import Generator
from qaugbench.typed import converted

GIVEN_BY_RUN = ("self", "image_shape", "n_labels", "control", "device")


def check_binding(card: GeneratorCard, kind: type[Generator], track: str, supplied: Collection[str] = ()) -> None:
    """Raise DefinitionError unless ``kind`` is the class that ``card`` describes and takes the settings of ``track``.

    ``supplied`` names arguments of the constructor that do not come from the card.
    """
    check_facts(card, kind)
    check_settings(card, kind, track, supplied)


def check_facts(card: GeneratorCard, kind: type[Generator]) -> None:
    """Raise DefinitionError if the card and the class contradict each other, or the card names an unknown control."""
    if card.kind != kind.kind:
        raise DefinitionError(
            f"{card.origin} says that {card.id!r} is {card.kind!r}, but its class {kind.__name__} is {kind.kind!r}; "
            "correct the one that is wrong."
        )
    if (card.space == "latent") != kind.uses_autoencoder:
        uses = "uses" if kind.uses_autoencoder else "does not use"
        raise DefinitionError(
            f"{card.origin} says that {card.id!r} learns in the space {card.space!r}, but its class {kind.__name__} {uses} "
            f"the shared autoencoder (uses_autoencoder = {kind.uses_autoencoder}); correct the one that is wrong."
        )
    for control in card.controls:
        if control not in CONTROLS or control == "none":
            known = [name for name in CONTROLS if name != "none"]
            raise DefinitionError(f"{card.origin}: there is no control {control!r}.{near_names(control, known)}")


def check_settings(card: GeneratorCard, kind: type[Generator], track: str, supplied: Collection[str] = ()) -> None:
    """Raise DefinitionError naming file, table and key unless the constructor accepts the settings of ``track``."""
    _, hyper = split_settings(card.settings(track))
    parameters = inspect.signature(kind).parameters
    own = {name: parameter for name, parameter in parameters.items() if name not in (*GIVEN_BY_RUN, *supplied)}
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in own.values())
    for required in ("control", "device"):
        if required not in parameters and not takes_any:
            raise DefinitionError(f"The constructor of {kind.__name__} has to take {required!r} as a keyword argument.")
    named = {name: parameter for name, parameter in own.items() if parameter.kind is not parameter.VAR_KEYWORD}
    hints = _hints(kind)
    for key, value in hyper.items():
        where = f"{card.origin}, {_table(card, track, key)}"
        if key not in named and (not takes_any or key in GIVEN_BY_RUN):
            raise DefinitionError(f"{where}: {kind.__name__} has no hyper-parameter {key!r}.{near_names(key, named)}")
        converted(value, hints.get(key, Any), f"{where}, key {key!r}")
    for name, parameter in named.items():
        if parameter.default is parameter.empty and name not in hyper:
            raise DefinitionError(
                f"{card.origin}: {kind.__name__} needs the hyper-parameter {name!r}, but neither [hyper] nor "
                f"[track.{track}] gives it."
            )


def _table(card: GeneratorCard, track: str, key: str) -> str:
    return f"[track.{track}]" if key in card.tracks.get(track, {}) else "[hyper]"


def _hints(kind: type[Generator]) -> Mapping[str, Any]:
    """Return the annotations of the constructor; none if they name types imported for type checking only."""
    try:
        return typing.get_type_hints(kind.__init__)
    except NameError:
        return {}
