"""Colours as drawn on a light page, and the ones that take their place on a dark page."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable

LIGHT_GROUND = "#ffffff"
DARK_GROUND = "#14181d"


def luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb``, in [0, 1] (WCAG 2.2).

    >>> luminance("#000000"), luminance("#ffffff")
    (0.0, 1.0)
    """
    red, green, blue = (_linear(channel) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, in [1, 21] (WCAG 2.2): 4.5 is enough for text, 3 for marks and lines.

    >>> contrast("#000000", "#ffffff"), contrast("#123456", "#123456")
    (21.0, 1.0)
    """
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def shaded(color: str, amount: float) -> str:
    """Return the colour with the same hue, mixed with white (``amount`` > 0) or black (< 0) by that share.

    >>> shaded("#6a3fb5", 0.0), shaded("#404040", 1.0), shaded("#404040", -1.0)
    ('#6a3fb5', '#ffffff', '#000000')
    """
    towards = 1.0 if amount > 0 else 0.0
    return _text(channel + abs(amount) * (towards - channel) for channel in _channels(color))


def on_dark(color: str) -> str:
    """Return the colour of the same hue that has on ``DARK_GROUND`` the contrast that ``color`` has on ``LIGHT_GROUND``.

    Strong colours stay strong, faint grounds stay faint, and the ground becomes the ground.

    >>> on_dark("#ffffff")
    '#14181d'
    """
    if color == LIGHT_GROUND:
        return DARK_GROUND
    wanted = contrast(color, LIGHT_GROUND) * (luminance(DARK_GROUND) + 0.05) - 0.05
    hue, _, saturation = colorsys.rgb_to_hls(*_channels(color))
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        tried = _text(colorsys.hls_to_rgb(hue, middle, saturation))
        low, high = (middle, high) if luminance(tried) < wanted else (low, middle)
    return _text(colorsys.hls_to_rgb(hue, high, saturation))


def _channels(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _text(channels: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * min(max(channel, 0.0), 1.0)):02x}" for channel in channels)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
