"""The format of numbers, durations and tables everywhere: terminal, page, leaderboard, sentences.

Scores, differences of scores, p- and q-values have three decimals and no zero before the point (``.959``, ``+.004``); a
difference has its sign, a hyphen where it is negative. An interval is ``[-.012, +.004]`` in a table and ``-.012 to +.004`` in a
sentence. All other numbers (percentages, times, losses, ratios, settings) keep their zero: ``0.02 %``, ``0.4 s``. Whole numbers
have a comma per thousand. Missing values are a dash.
"""

from __future__ import annotations

from collections.abc import Sequence

from qaugbench.errors import printable

Row = tuple[str, ...]
NONE = "-"
WIDTH = 110
"""Columns of a terminal that a table may fill."""
SMALLEST_P = 0.001
PHANTOM_BANNER = "PHANTOM DATA. Synthetic test pattern, not patient data; not evidence."
"""The one disclaimer of phantom data and of results on them, said once wherever they are shown."""


def unsigned(value: float | None) -> str:
    """Return three decimals without a leading zero, a dash for None.

    >>> unsigned(0.0214), unsigned(1.0), unsigned(-0.2), unsigned(None)
    ('.021', '1.000', '-.200', '-')
    """
    if value is None:
        return NONE
    text = f"{abs(value):.3f}".removeprefix("0")
    return f"-{text}" if value < 0 and text != ".000" else text


def signed(value: float | None) -> str:
    """Return three decimals with a sign and no leading zero, a dash for None.

    >>> signed(0.0042), signed(-0.0121), signed(-0.0001), signed(None)
    ('+.004', '-.012', '.000', '-')
    """
    text = unsigned(value)
    return f"+{text}" if value is not None and value > 0 and text != ".000" else text


def interval(low: float | None, high: float | None) -> str:
    """Return the limits of a difference as a table cell, a dash if there are none.

    >>> interval(-0.0121, 0.004), interval(None, None)
    ('[-.012, +.004]', '-')
    """
    return NONE if low is None or high is None else f"[{signed(low)}, {signed(high)}]"


def change(estimate: float, low: float | None, high: float | None) -> str:
    """Return a difference with its limits, if any, as one cell.

    >>> change(0.012, -0.001, 0.025), change(0.012, None, None)
    ('+.012 [-.001, +.025]', '+.012')
    """
    return signed(estimate) if low is None or high is None else f"{signed(estimate)} {interval(low, high)}"


def p_value(value: float | None) -> str:
    """Return a p-value with three decimals, a bound below .001, a dash for None.

    >>> p_value(0.0312), p_value(0.005), p_value(0.0004), p_value(None)
    ('.031', '.005', '<.001', '-')
    """
    return f"<{unsigned(SMALLEST_P)}" if value is not None and value < SMALLEST_P else unsigned(value)


def share(part: float, decimals: int = 0) -> str:
    """Return a share of 1 in per cent; a value that would round to 0 or 100 without being so becomes a bound.

    >>> share(0.1), share(0.004, 1), share(0.001), share(0.999), share(0.0)
    ('10 %', '0.4 %', 'under 1 %', 'over 99 %', '0 %')
    """
    step = 10.0**-decimals
    if 0 < part < step / 200:
        return f"under {step:g} %"
    if 1 - step / 200 < part < 1:
        return f"over {100 - step:g} %"
    return f"{100 * part:.{decimals}f} %"


def fraction_words(key: str) -> str:
    """Return a fraction's key as it is printed.

    >>> fraction_words("10%")
    '10 %'
    """
    return f"{key.removesuffix('%').strip()} %"


def span(first: int, last: int) -> str:
    """Return a range of whole numbers.

    >>> span(1, 3), span(2, 2)
    ('1-3', '2')
    """
    return str(first) if first == last else f"{first}-{last}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun.

    >>> count(1, "replicate"), count(1095, "image"), count(2, "class", "classes")
    ('1 replicate', '1,095 images', '2 classes')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """Return a duration in the largest unit that gives a readable number.

    >>> duration(4.21), duration(75), duration(600), duration(7500)
    ('4.2 s', '75 s', '10 min', '2.1 h')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def markdown_table(header: Sequence[str], body: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """Return a table in Markdown; the first and the last ``words`` columns are aligned to the left, the others to the right.

    >>> print(markdown_table(["arm", "mean", "verdict"], [["qldm", ".954", "helps"]]))
    | arm | mean | verdict |
    | :-- | --: | :-- |
    | qldm | .954 | helps |
    """
    middle = max(0, len(header) - 1 - words)
    rule = [":--", *["--:"] * middle, *[":--"] * (len(header) - 1 - middle)]
    lines = (tuple(header), rule, *body)
    return "\n".join(f"| {' | '.join(_markdown_cell(cell) for cell in line)} |" for line in lines)


def cut(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters, the last one an ellipsis if it was longer.

    >>> cut("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _markdown_cell(text: str) -> str:
    return printable(text).replace("|", "\\|")
