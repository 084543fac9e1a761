"""What is wrong with a generator's settings on each track, each fault once, without fitting anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qaugbench import definitions
from qaugbench.cards import GeneratorCard
from qaugbench.errors import DefinitionError

ANY_TASK = "brainmri"
TRACKS = ("smoke", "lite", "standard", "full")
PLACE = "\0"
"""Stands for a track in a message, so that messages about several tracks can be compared."""


def settings_faults(card: GeneratorCard, take: Callable[[str], object], tracks: Sequence[str] = TRACKS) -> list[str]:
    """Return what ``take``, called with each of ``tracks``, raises as DefinitionError: each sentence once, with its tracks."""
    lacking = [track for track in tracks if card.tracks and track not in card.tracks]
    found: dict[str, list[str]] = {}
    for track in tracks:
        if track not in lacking:
            try:
                take(track)
            except DefinitionError as error:
                found.setdefault(str(error).replace(f"the track {track!r}", PLACE), []).append(track)
    every = [track for track in tracks if track not in lacking]
    faults = [said.replace(PLACE, _words(named, every)) for said, named in found.items()]
    return [*faults, *([_absent(card, lacking)] if lacking else [])]


def taken_by_class(card: GeneratorCard, weights: Path | None = None) -> Callable[[str], object]:
    """Return what binds a generator's settings on a track to its class, which this imports, and to its space.

    ``weights`` is the folder of the pretrained weights that it starts from.

    Raises:
        DefinitionError: the class cannot be imported, or contradicts its facts.
    """
    from qaugbench.generators.shared.binding import bound, check_facts
    from qaugbench.generators.shared.discovery import generator_class

    kind = generator_class(card.id)
    check_facts(card, kind)

    def take(track: str) -> None:
        bound(card, kind, track, weights=weights)
        check_space(card, track)

    return take


def check_space(card: GeneratorCard, track: str) -> None:
    """Raise DefinitionError unless the space of a generator takes its settings on a track, for images of one task."""
    from qaugbench.generators.spaces.named import new_space

    task = definitions.task(ANY_TASK)
    if track not in task.tracks:
        return
    size = task.tracks[track].image_size
    settings = definitions.space_of(card, ANY_TASK, track)
    new_space(card.space, (size, size, task.channels), settings, origin=f"{card.origin}, space {card.space!r}")


def own_tracks(card: GeneratorCard) -> tuple[str, ...]:
    """Return the tracks on which a generator can be run: those that its file states, or all of them if it states none."""
    return tuple(card.tracks) or TRACKS


def _words(tracks: Sequence[str], every: Sequence[str]) -> str:
    if len(tracks) == 1:
        return f"the track {tracks[0]!r}"
    return "every track" if list(tracks) == list(every) else f"the tracks {', '.join(tracks)}"


def _absent(card: GeneratorCard, tracks: Sequence[str]) -> str:
    named = " and ".join(f"[track.{track}]" for track in tracks)
    return f"{card.origin} states other tracks but no {named}, so it cannot run there; add what differs, or an empty table."
