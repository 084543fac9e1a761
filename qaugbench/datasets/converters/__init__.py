"""One file per source: ``convert(raw) -> Converted`` turns the published files into rows and images.

A converter is found by the id of its source, with underscores for hyphens and dots. It reads tables, determines labels,
patients and parts, and puts into ``notes`` what a reader of a score has to know; it writes nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qaugbench.datasets.raw import Raw
from qaugbench.errors import DefinitionError

Picture = Callable[[Any], "np.ndarray | bytes"]


def as_stored(content: bytes) -> bytes:
    """Return an encoded image as it is."""
    return content


@dataclass(frozen=True)
class Converted:
    """The rows of labels.csv and the corresponding ``contents``, which ``picture`` turns into images.

    ``contents`` yields encoded files (bytes) or whatever else ``picture`` takes; ``picture`` returns encoded files or
    uint8 [H, W] or [H, W, 3] and may run in several threads. ``notes`` go into the manifest and from there into every
    record; ``conversions`` say how pixel values were changed; ``annotated`` names the labels that the source annotates,
    None if it annotates all of the task's.
    """

    rows: Sequence[Mapping[str, object]]
    contents: Iterable[Any]
    picture: Picture = as_stored
    notes: tuple[str, ...] = ()
    conversions: tuple[str, ...] = ()
    annotated: tuple[str, ...] | None = None


def converter(source_id: str) -> Callable[[Raw], Converted]:
    """Return the function that converts the files of the source ``source_id``; raise DefinitionError if there is none."""
    module = f"{__name__}.{source_id.replace('-', '_').replace('.', '_')}"
    if importlib.util.find_spec(module) is None:
        raise DefinitionError(f"The source {source_id!r} has no converter: {module.replace('.', '/')}.py is missing.")
    convert: Callable[[Raw], Converted] = importlib.import_module(module).convert
    return convert
