"""The mark of an arm as it stands beside its name in a table: the one of the figures, as a small inline SVG."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from markupsafe import Markup
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as Outline
from matplotlib.transforms import Transform

from qaugbench.report.colours import on_dark
from qaugbench.report.identity import Look

LETTERS = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C", Outline.CLOSEPOLY: "Z"}
DASHES = {"solid": "none", "dashed": "4 2", "dashdot": "4 2 1 2", "dotted": "1 2"}
SIZE = 8


@cache
def key(look: Look) -> Markup:
    """Return a line and a mark as SVG without a name of its own: what it stands for is written beside it."""
    style = f"--key:{look.color};--key-dark:{on_dark(look.color)}"
    return Markup(
        f'<svg class="key" style="{style}" viewBox="-12 -6 24 12" width="24" height="12" aria-hidden="true">'
        f'<path d="M-12 0H12" stroke-dasharray="{DASHES[look.dash]}"/>{"".join(_parts(look))}</svg>'
    )


def _parts(look: Look) -> Iterator[str]:
    """Yield the outlines of a mark, the part with the page's colour last."""
    style = MarkerStyle(look.marker, "full" if look.fill == "none" else look.fill)
    main = _outline(style.get_path(), style.get_transform())
    filled = "ground" if look.fill == "none" else "filled" if style.is_filled() else "line"
    yield f'<path class="{filled}" d="{main}"/>'
    alternative = style.get_alt_path()
    if alternative is not None:
        yield f'<path class="ground" d="{_outline(alternative, style.get_alt_transform())}"/>'


def _outline(path: Outline, transform: Transform) -> str:
    """Return a path of matplotlib as the ``d`` of an SVG path; up is up in both."""
    drawn = []
    for vertices, code in path.transformed(transform).iter_segments():
        points = vertices.reshape(-1, 2) * (SIZE, -SIZE)
        letter = LETTERS[code]
        drawn.append(letter if letter == "Z" else letter + " ".join(f"{x:.2f} {y:.2f}" for x, y in points))
    return "".join(drawn)
