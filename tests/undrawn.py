"""Pages whose figures are made and not drawn: drawing is most of what a page costs, and no word on the page depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from qaugbench.report import drawing, html


@contextmanager
def figures_undrawn() -> Iterator[None]:
    """Put an empty picture wherever a page of results shows a figure."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html, "svg", lambda figure: "<svg xmlns='http://www.w3.org/2000/svg'/>")
        yield


@contextmanager
def figures_drawn() -> Iterator[None]:
    """Draw all figures, also where a test has left that out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html, "svg", drawing.svg)
        yield
