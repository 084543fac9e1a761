"""In how many directions images change with the noise they are drawn from, as rows of a table and in words."""

from __future__ import annotations

from qaugbench.formatting import NONE, Row, share
from qaugbench.image_facts import LatentGeometry
from qaugbench.record import Record

GEOMETRY_HEADER: Row = (
    *("images of", "effective rank", "directions", "numbers of noise"),
    *("participation ratio", "largest direction", "no value because"),
)
GEOMETRY_TITLE = "In how many directions the images change with their noise"
GEOMETRY_LEGEND = (
    "Of the Jacobian of an image by the noise that it is drawn from, at the noise of a few images of the first replicate: means, "
    "± one standard error. effective rank: the exponential of the entropy of the singular values, 1 if only one direction matters, "
    "and the number of directions if all matter equally; participation ratio: likewise, by variance; largest direction: its share "
    "in the variance. Where there are fewer directions than numbers of noise, they are random ones. Compare a generator with its "
    "controls; these numbers describe, and nothing is ranked by them."
)


def geometry_table(record: Record, fraction: str) -> tuple[Row, list[Row]]:
    """Return a header and one row per generator and control at a fraction, the reasons only where a value is missing.

    No row where none has a number.
    """
    found = record.geometry.get(fraction, {})
    measured = any(one.effective_rank is not None for one in found.values())
    rows = [(arm, *_cells(one)) for arm, one in found.items()] if measured else []
    if any(row[-1] for row in rows):
        return GEOMETRY_HEADER, rows
    return GEOMETRY_HEADER[:-1], [row[:-1] for row in rows]


def geometry_words(found: LatentGeometry | None) -> str:
    """Return the effective rank in words, or why there is none; empty where nothing was measured.

    >>> geometry_words(LatentGeometry(reason="its images came as files"))
    'not measured: its images came as files'
    """
    if found is None:
        return ""
    if found.effective_rank is None:
        return f"not measured: {found.reason}"
    return f"images change in {found.effective_rank:.1f} of {found.directions} directions of the noise (effective rank)"


def _cells(found: LatentGeometry) -> tuple[str, ...]:
    if found.effective_rank is None:
        return (*[NONE] * 5, found.reason or "")
    return (
        _with_error(found.effective_rank, found.effective_rank_se),
        str(found.directions),
        str(found.dimension),
        _with_error(found.participation_ratio, found.participation_ratio_se),
        share(found.first_share or 0.0),
        "",
    )


def _with_error(value: float | None, error: float | None) -> str:
    return NONE if value is None else f"{value:.1f}" if error is None else f"{value:.1f} ± {error:.1f}"
