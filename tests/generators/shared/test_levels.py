"""How many levels a network of grids has, and how wide they are."""

from __future__ import annotations

import pytest

from qaugbench.errors import DefinitionError
from qaugbench.generators.shared.levels import level_widths


@pytest.mark.parametrize(
    ("side", "coarsest", "widths"),
    [(2, 2, (8,)), (4, 2, (8, 16)), (4, 4, (8,)), (64, 4, (8, 16, 24, 24, 24)), (28, 7, (8, 16, 24))],
)
def test_there_is_one_width_per_level(side: int, coarsest: int, widths: tuple[int, ...]) -> None:
    assert level_widths(side, (8, 16, 24), coarsest) == widths


@pytest.mark.parametrize(("side", "coarsest"), [(0, 4), (1, 2), (2, 4), (3, 2), (6, 4), (28, 4)])
def test_a_grid_that_does_not_halve_to_the_coarsest_is_refused(side: int, coarsest: int) -> None:
    with pytest.raises(DefinitionError, match=f"{coarsest} times a power of two"):
        level_widths(side, (8,), coarsest)
