"""Synthetic pictures that are pictures of another folder, by file name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.appraisal.shared_images import ALMOST, shared_images
from qaugbench.errors import first_offenders

FIRST = 5


@dataclass(frozen=True)
class Repeats:
    """Which of ``n`` synthetic pictures are those of the folder ``path``, as (file, its file): pixel for pixel, or almost.

    ``of`` says what the folder holds, ``real`` or ``training`` images.
    """

    of: str
    path: Path
    n: int
    equal: list[tuple[str, str]]
    alike: list[tuple[str, str]]

    @property
    def lines(self) -> list[str]:
        """What is to be said of them, with the first by name; nothing where there are none."""
        said = []
        if self.equal:
            are, flattered = "is" if len(self.equal) == 1 else "are", " Their likeness to real images says nothing."
            said.append(
                f"{self._share(self.equal)} {are} among the {self.of} images of {self.path}, pixel for pixel: "
                f"{_pairs(self.equal, '=')}.{flattered if self.of == 'real' else ''}"
            )
        if self.alike:
            show = "shows" if len(self.alike) == 1 else "show"
            said.append(
                f"{self._share(self.alike)} {show} almost the picture of one of the {self.of} images of {self.path} ({ALMOST}): "
                f"{_pairs(self.alike, '~')}. Look at these pairs: simple pictures can be alike without being copies."
            )
        return said

    def _share(self, found: list[tuple[str, str]]) -> str:
        return f"{len(found):,} of {self.n:,} synthetic images"

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the first pairs as plain data."""
        return {
            "of": self.of,
            "path": str(self.path),
            "n": self.n,
            "equal": len(self.equal),
            "alike": len(self.alike),
            "first_equal": self.equal[:FIRST],
            "first_alike": self.alike[:FIRST],
        }


def repeats(of: str, path: Path, synthetic: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray]) -> Repeats:
    """Return which of the ``synthetic`` pictures, uint8 [H, W, C] by file name, repeat ``known`` ones."""
    names, theirs = list(synthetic), list(known)
    shared = shared_images(np.stack(list(synthetic.values())), np.stack(list(known.values())))
    equal, alike = ([(names[row], theirs[of]) for row, of in found.items()] for found in (shared.equal, shared.alike))
    return Repeats(of, path, len(names), equal, alike)


def _pairs(found: list[tuple[str, str]], sign: str) -> str:
    return first_offenders((f"{own} {sign} {theirs}" for own, theirs in found), FIRST)
