"""In how many directions images change with the noise they are drawn from, as rows of a table and in words."""

from __future__ import annotations

from qaugbench.formatting import NONE, Row, share
from qaugbench.image_facts import LatentGeometry
from qaugbench.record import Record
from qaugbench.stats.wording import listed

GEOMETRY_HEADER: Row = (
    *("images of", "effective rank", "directions", "numbers of noise"),
    *("participation ratio", "largest direction"),
)
GEOMETRY_TITLE = "In how many directions the images change with their noise"
GEOMETRY_LEGEND = (
    "Of the Jacobian of an image by the noise that it is drawn from, at the noise of a few images of the first replicate: means, "
    "± one standard error. effective rank: the exponential of the entropy of the singular values, 1 if only one direction matters, "
    "and the number of directions if all matter equally; participation ratio: likewise, by variance; largest direction: its share "
    "in the variance. Where there are fewer directions than numbers of noise, they are random ones. Compare a generator with its "
    "controls; these numbers describe, and nothing is ranked by them."
)


def geometry_rows(record: Record, fraction: str) -> list[Row]:
    """Return one row per generator and control at a fraction that has a number, under ``GEOMETRY_HEADER``."""
    found = record.geometry.get(fraction, {})
    return [(arm, *_cells(one)) for arm, one in found.items() if one.effective_rank is not None]


def geometry_legend(record: Record, fraction: str) -> str:
    """Return what the rows mean, and of which arms there is none, and why."""
    lacking: dict[str, list[str]] = {}
    for arm, one in record.geometry.get(fraction, {}).items():
        if one.effective_rank is None:
            lacking.setdefault(one.reason or "not known", []).append(arm)
    return " ".join([GEOMETRY_LEGEND, *(f"None of {listed(arms)}: {reason}." for reason, arms in lacking.items())])


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
    return (
        _with_error(found.effective_rank, found.effective_rank_se),
        str(found.directions),
        str(found.dimension),
        _with_error(found.participation_ratio, found.participation_ratio_se),
        share(found.first_share or 0.0),
    )


def _with_error(value: float | None, error: float | None) -> str:
    return NONE if value is None else f"{value:.1f}" if error is None else f"{value:.1f} ± {error:.1f}"
