"""The groups of people by which scores are told: age in bands, sex, and site, where a source has these columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from qaugbench.datasets.label_text import MISSING
from qaugbench.datasets.prepared import PreparedData
from qaugbench.errors import printable
from qaugbench.predictions import SUBGROUP_COLUMNS, UNSTATED, SubgroupColumn

AGE = re.compile(r"(\d{1,3})(?:\.\d*)?\s*(y|years?)?", re.IGNORECASE)
AGE_BANDS = {20: "under 20", 40: "20 to 39", 60: "40 to 59", 80: "60 to 79", 200: "80 and over"}
"""The name of each band by the age in years that is above it."""
SEXES = {"f": "female", "female": "female", "w": "female", "woman": "female"}
SEXES |= {"m": "male", "male": "male", "man": "male", "o": "other", "other": "other"}
UNKNOWN = MISSING | {"u", "unknown", "not stated", "n/a", "na"}
MOST_GROUPS = 20
OTHERS = "others"
LONGEST_NAME = 40


def subgroups(prepared: PreparedData) -> dict[SubgroupColumn, np.ndarray]:
    """Return the group of every image as text [N], by column: those of age, sex and site that name at least two groups.

    Ages become bands of 20 years, since a year of age may tell who a patient is; the sexes are called female, male and other,
    or as the source calls them. Of more than 20 groups those with fewest images become one. What is not known is "not stated".
    """
    readers: dict[SubgroupColumn, Callable[[str], str]] = {"age": age_band, "sex": _sex, "site": _named}
    found = {
        column: _at_most(MOST_GROUPS, [readers[column](value) for value in prepared.table[column]])
        for column in SUBGROUP_COLUMNS
        if column in prepared.table
    }
    return {column: np.array(names) for column, names in found.items() if len(set(names) - {UNSTATED}) > 1}


def age_band(text: str) -> str:
    """Return the band of an age in years.

    >>> [age_band(text) for text in ("7", "063Y", "63.0", "90", "6M", "")]
    ['under 20', '60 to 79', '60 to 79', '80 and over', 'not stated', 'not stated']
    """
    found = AGE.fullmatch(text.strip())
    bands = (band for above, band in AGE_BANDS.items() if found is not None and int(found[1]) < above)
    return next(bands, UNSTATED)


def _sex(text: str) -> str:
    name = _named(text)
    return SEXES.get(name.casefold(), name)


def _named(text: str) -> str:
    """Return a value as one short line."""
    line = " ".join(text.split())
    return UNSTATED if line.casefold() in UNKNOWN else printable(line)[:LONGEST_NAME]


def _at_most(n: int, names: Sequence[str]) -> list[str]:
    """Return the names with those of fewest images made one, if there are more than ``n``."""
    ranked = sorted(Counter(name for name in names if name != UNSTATED).items(), key=lambda one: (-one[1], one[0]))
    kept = {name for name, _ in (ranked if len(ranked) <= n else ranked[: n - 1])} | {UNSTATED}
    return [name if name in kept else OTHERS for name in names]
