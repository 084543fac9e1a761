"""What a generator's file leaves to its code and to its space: the defaults of its class, and the settings of the space."""

from __future__ import annotations

import dataclasses
from typing import Any

from qaugbench import definitions
from qaugbench.cards import GeneratorCard
from qaugbench.errors import DefinitionError
from qaugbench.inspection.settings_check import ANY_TASK, own_tracks
from qaugbench.inspection.written_hyper import source_of, written_hyper


def hyper_defaults(card: GeneratorCard) -> dict[str, Any]:
    """Return the hyper-parameters that the file states on no track, with the values that the class gives them.

    Only the class of another package is imported; of ours, those whose default is no literal are left out. Empty where the class
    cannot be used.
    """
    stated = {*card.hyper, *(key for settings in card.tracks.values() for key in settings), "pretrained"}
    try:
        found = _hyper(card)
    except DefinitionError:
        return {}
    fields = [] if found is None else dataclasses.fields(found)
    return {field.name: field.default for field in fields if field.name not in stated and _is_known(field.default)}


def settings_of_space(card: GeneratorCard) -> dict[str, dict[str, Any]]:
    """Return the settings of a generator's space by track: the file's own over the space's, on the tracks of one task."""
    known = definitions.task(ANY_TASK).tracks
    return {track: definitions.space_of(card, "", track) for track in own_tracks(card) if track in known}


def _hyper(card: GeneratorCard) -> Any:
    if card.kind == "external":
        return None
    if card.id.partition(":")[0] in definitions.names("baselines"):
        return written_hyper(source_of(card))
    from qaugbench.generators.shared.discovery import generator_class

    return getattr(generator_class(card.id), "Hyper", None)


def _is_known(default: Any) -> bool:
    return default is not None and default is not dataclasses.MISSING
