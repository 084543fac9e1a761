"""Whether there are letters at the border of an image: a heuristic on the shape and alignment of bright or dark marks.

A mark is a connected set of pixels that stands out from its 7 x 7 surroundings (top-hat, for dark marks the same on the
negative). It may be a letter if its height, width and filled area are plausible and nearly all of it has one tone.
Three or more such marks of equal height and tone, side by side on one line in the outer fifth of the image, are text.
Of words of 11 to 18 pixels at the border of phantoms it finds 55 to 99 %, and it flags no phantom without letters
(benchmarks/audit.py); on real images it flagged 73 of 7,019 brain slices and 14 of 8,260 knees, and none of those
looked at has letters. Single markers ("L", "R") are not looked for, and neither are letters below 6 or above 40 pixels,
slanted or on a patterned background.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

LONGEST_SIDE = 512
"""Larger images are shrunk to this size before the search."""
BORDER_SHARE = 0.2
MIN_LETTERS = 3
MIN_CONTRAST = 60
LETTER_HEIGHT = (5, 40)
EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)


def letters_at_border(grey: np.ndarray) -> int:
    """Return how many letters the longest line of text at the border of ``grey`` uint8 [H, W] has; 0 below three.

    >>> letters_at_border(np.zeros((64, 64), np.uint8))
    0
    """
    image = _within_limit(grey)
    if min(image.shape) < 4 * LETTER_HEIGHT[0]:
        return 0
    return max(_longest_line(_marks(tones)) for tones in (image, 255 - image))


def _within_limit(grey: np.ndarray) -> np.ndarray:
    longest = max(grey.shape)
    if longest <= LONGEST_SIDE:
        return grey
    height, width = (max(1, round(side * LONGEST_SIDE / longest)) for side in grey.shape)
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BOX))


def _marks(tones: np.ndarray) -> np.ndarray:
    """Return float [M, 5]: top, bottom, left, right and tone of every mark at the border that may be a letter."""
    stands_out = tones - opened(tones) >= MIN_CONTRAST
    stands_out &= _border(tones.shape)
    marked, count = ndimage.label(stands_out, structure=EIGHT_NEIGHBOURS)
    if count < MIN_LETTERS:
        return np.empty((0, 5))
    areas = np.bincount(marked.ravel(), minlength=count + 1)[1:]
    kept = []
    for code, (rows, columns) in enumerate(ndimage.find_objects(marked), start=1):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        filling = areas[code - 1] / (height * width)
        if not LETTER_HEIGHT[0] <= height <= min(LETTER_HEIGHT[1], max(tones.shape) // 8):
            continue
        if width > 1.5 * height or filling < 0.2 or (filling > 0.9 and width > 0.5 * height):
            continue
        inside = np.sort(tones[rows, columns][marked[rows, columns] == code])
        kept.append((rows.start, rows.stop, columns.start, columns.stop, inside[3 * len(inside) // 4]))
    return np.array(kept).reshape(-1, 5)


def opened(tones: np.ndarray) -> np.ndarray:
    """Return ``tones`` uint8 [H, W] opened by a square of 7 x 7: no narrower bright mark is left.

    The edge is continued outwards. The minimum over 7 values is that of two overlapping fours, a four that of two
    pairs: three passes per direction.
    """
    lowered = _extremes_of_seven(np.pad(tones, 3, mode="edge"), np.minimum)
    return _extremes_of_seven(np.pad(lowered, 3, mode="edge"), np.maximum)


def _extremes_of_seven(padded: np.ndarray, extreme: np.ufunc) -> np.ndarray:
    for _ in range(2):
        pairs = extreme(padded[:-1], padded[1:])
        fours = extreme(pairs[:-2], pairs[2:])
        padded = extreme(fours[:-3], fours[3:]).T
    return padded


def _border(shape: tuple[int, ...]) -> np.ndarray:
    frame = np.ones(shape, dtype=bool)
    height, width = (round(side * BORDER_SHARE) for side in shape)
    frame[height:-height, width:-width] = False
    return frame


def _longest_line(marks: np.ndarray) -> int:
    if len(marks) < MIN_LETTERS:
        return 0
    ordered = marks[np.argsort(marks[:, 2], kind="stable")]
    length = np.ones(len(ordered), dtype=np.int64)
    for right in range(1, len(ordered)):
        follows = _follows(ordered[:right], ordered[right])
        if follows.any():
            length[right] = 1 + length[:right][follows].max()
    return int(length.max()) if length.max() >= MIN_LETTERS else 0


def _follows(before: np.ndarray, mark: np.ndarray) -> np.ndarray:
    """Return bool [M]: the marks ``before`` after which the mark is the next letter of a line."""
    top, bottom, _, right, tone = before.T
    height, own_height = bottom - top, mark[1] - mark[0]
    taller = np.maximum(height, own_height)
    same_height = np.abs(height - own_height) <= np.maximum(1, 0.3 * taller)
    same_line = np.abs(bottom - mark[1]) <= np.maximum(1, 0.15 * taller)
    gap = mark[2] - right
    beside = (gap >= 0) & (gap <= 1.0 * taller)
    return same_height & same_line & beside & (np.abs(tone - mark[4]) <= 25)
