"""A phantom of colour fundus photographs graded Good, Usable or Reject for quality. Drawn, not taken from any patient.

The eye is drawn first (pigment, optic disc, macula, branching vessels, lesions), then spoilt by one or two faults whose
joint severity follows a latent score; the grade cuts the score with noise, so that images near the cuts are ambiguous.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtr

from qaugbench.datasets.phantom.shapes import (
    Canvas,
    DrawnPatient,
    Field,
    Picture,
    ellipse,
    ellipse_radius,
    glow,
    in_frame,
    ink,
    lattice_noise,
    pixel_noise,
    placed,
    ramp,
    stroke,
)
from qaugbench.seeds import child_seed, numpy_generator

CHANNELS = 3
MULTILABEL = False
PREVALENCE = {"Good": 0.68, "Usable": 0.12, "Reject": 0.20}
LABELS = tuple(PREVALENCE)
EYE_CORRELATION = 0.5
GRADER_AGREEMENT = 0.97
"""Correlation of the score that sets the grade with the score that sets the faults."""
_SCORES = (0.0, 0.45, 0.68, 0.80, 1.0)
_SEVERITIES = (0.0, 0.14, 0.32, 0.52, 1.0)


def draw_patient(seed: int, canvas: Canvas) -> DrawnPatient:
    """Return one phantom patient: one eye, or for half of the patients both."""
    rng = numpy_generator(child_seed(seed, "patient"))
    shared = rng.standard_normal()
    age = int(np.clip(56 + 12 * (0.3 * shared + 0.95 * rng.standard_normal()), 20, 88))
    sex = "F" if rng.random() < 0.5 else "M"
    pigment, tint = float(rng.random()), 0.04 * rng.standard_normal(3)
    first_eye = float(rng.choice((-1.0, 1.0)))
    pictures = []
    for number in range(1 + int(rng.random() < 0.5)):
        eye_rng = numpy_generator(child_seed(seed, "image", number))
        own = eye_rng.standard_normal()
        score = np.sqrt(EYE_CORRELATION) * shared + np.sqrt(1 - EYE_CORRELATION) * own
        seen = GRADER_AGREEMENT * score + np.sqrt(1 - GRADER_AGREEMENT**2) * eye_rng.standard_normal()
        severity = float(np.interp(ndtr(seen), _SCORES, _SEVERITIES))
        value, disc = _photograph(eye_rng, canvas, pigment, tint, first_eye * (-1.0) ** number, severity)
        factors = {
            "severity of faults": severity,
            "pigment": pigment,
            "optic disc, x": disc[0],
            "optic disc, y": disc[1],
        }
        pictures.append(Picture(value, (_grade(float(ndtr(score))),), factors))
    return DrawnPatient(age, sex, pictures)


def _colour(red: float, green: float, blue: float) -> Field:
    return np.array((red, green, blue), dtype=np.float32)


def _grade(score: float) -> int:
    cuts = np.cumsum(list(PREVALENCE.values()))[:-1]
    return int(np.searchsorted(cuts, score, side="right"))


def _photograph(
    rng: np.random.Generator, canvas: Canvas, pigment: float, tint: NDArray[np.float64], eye: float, severity: float
) -> tuple[Field, tuple[float, float]]:
    """Return the photograph, and where in it the optic disc is."""
    shift, zoom = rng.normal(0.0, 0.03, 2), float(np.exp(rng.normal(0.02, 0.05)))
    placement = placed(canvas, (float(shift[0]), float(shift[1])), zoom, float(rng.normal(0.0, 0.12)), eye)
    retina, disc = _retina(rng, placement, pigment, tint)
    retina = _spoil(rng, canvas, retina, severity)
    aperture = _aperture(rng, canvas)
    level = 0.012 + 0.012 * rng.random()
    noise = np.stack([pixel_noise(rng, canvas) for _ in range(3)], axis=2)
    retina = retina + level * noise
    value = (np.clip(retina, 0.0, 1.0) * aperture[:, :, None]).astype(np.float32)
    return value, in_frame(placement, *disc)


def _aperture(rng: np.random.Generator, canvas: Canvas) -> Field:
    """Return the camera's round field, in some photographs cut flat by the sensor."""
    radius = float(rng.choice((0.93, 0.98, 1.15)))
    flat = float(rng.choice((0.80, 1.5)))
    return ramp(radius - np.hypot(canvas.x, canvas.y), 0.03) * ramp(max(flat, radius - 0.3) - np.abs(canvas.y), 0.02)


def _retina(
    rng: np.random.Generator, canvas: Canvas, pigment: float, tint: NDArray[np.float64]
) -> tuple[Field, tuple[float, float]]:
    """Return the retina of a right eye [size, size, 3] and its optic disc, to the right; the macula is to the left."""
    pale, dark = np.array([0.86, 0.52, 0.30]), np.array([0.52, 0.24, 0.13])
    colour = pale + pigment * (dark - pale) + tint
    cloud = 0.05 * lattice_noise(rng, canvas, 3) + 0.035 * lattice_noise(rng, canvas, 8)
    vignette = 1.0 - 0.22 * (canvas.x**2 + canvas.y**2)
    light = (vignette + cloud).astype(np.float32)
    disc = (0.50 + 0.12 * rng.standard_normal(), 0.05 * rng.standard_normal())
    macula = (disc[0] - 0.62 + 0.03 * rng.standard_normal(), disc[1] + 0.06)
    light -= (0.16 + 0.10 * pigment) * glow(canvas, *macula, 0.11, 0.11) + 0.08 * glow(canvas, *macula, 0.24, 0.24)
    retina = light[:, :, None] * colour.astype(np.float32)
    _lesions(rng, canvas, retina)
    _optic_disc(rng, canvas, retina, disc)
    for darkness, width in (((0.55, 0.40, 0.45), 0.030), ((0.35, 0.32, 0.30), 0.021)):
        vessels = _vessel_tree(rng, canvas, disc, macula, width)
        retina *= 1.0 - vessels[:, :, None] * _colour(*darkness) * _colour(0.6, 1.1, 0.9)
    return retina, disc


def _optic_disc(rng: np.random.Generator, canvas: Canvas, retina: Field, disc: tuple[float, float]) -> None:
    radius = 0.125 + 0.012 * rng.standard_normal()
    rim = ellipse(canvas, *disc, radius, 1.08 * radius, 0.0, 0.04)
    cup_size = radius * float(np.clip(0.45 + 0.12 * rng.standard_normal(), 0.2, 0.8))
    cup = ellipse(canvas, disc[0] - 0.01, disc[1], cup_size, 1.1 * cup_size, 0.0, 0.05)
    retina += 0.8 * rim[:, :, None] * (_colour(0.95, 0.72, 0.45) - retina)
    retina += 0.7 * cup[:, :, None] * (_colour(1.0, 0.92, 0.72) - retina)


def _lesions(rng: np.random.Generator, canvas: Canvas, retina: Field) -> None:
    """Draw drusen or small bleedings in a quarter of the eyes: disease is not poor quality."""
    if rng.random() > 0.25:
        return
    count = int(rng.integers(4, 25))
    x, y = rng.normal(-0.1, 0.35, count), rng.normal(0.0, 0.35, count)
    spots = ink(canvas, x, y, rng.uniform(0.0005, 0.003, count), 0.015)
    target = _colour(0.95, 0.85, 0.50) if rng.random() < 0.5 else _colour(0.35, 0.05, 0.05)
    retina += 0.8 * spots[:, :, None] * (target - retina)


def _vessel_tree(
    rng: np.random.Generator, canvas: Canvas, disc: tuple[float, float], macula: tuple[float, float], width: float
) -> Field:
    """Return the coverage of one system of vessels: arcades around the macula, and three generations of branches."""
    t = np.linspace(0.0, 1.0, 28)[None, :]
    heading = np.array([-1.95, 1.95, -1.15, 1.15])[:, None] + 0.15 * rng.standard_normal((4, 1))
    turn = np.array([-1.35, 1.35, 0.25, -0.25])[:, None] + 0.2 * rng.standard_normal((4, 1))
    start = np.tile(np.array(disc)[:, None, None], (1, 4, 1)) + 0.02 * rng.standard_normal((2, 4, 1))
    length = np.array([1.35, 1.35, 0.7, 0.7])[:, None] * rng.uniform(0.85, 1.15, (4, 1))
    widths = np.full((4, 1), width)
    xs, ys, amounts = [], [], []
    for children in (5, 3, 0):
        angle = heading + turn * t + 0.12 * np.sin(9 * t + rng.uniform(0, 6, heading.shape))
        step = length / t.size
        x = start[0] + np.cumsum(step * np.cos(angle), axis=1)
        y = start[1] + np.cumsum(step * np.sin(angle), axis=1)
        xs.append(x.ravel())
        ys.append(y.ravel())
        amounts.append((step * 2.0 * widths * (1.0 - 0.65 * t)).ravel())
        if not children:
            break
        at = rng.integers(3, t.size, (x.shape[0], children))
        row = np.repeat(np.arange(x.shape[0]), children)
        at = at.ravel()
        sign = rng.choice((-1.0, 1.0), at.size)
        start = np.stack([x[row, at], y[row, at]])[:, :, None]
        heading = (angle[row, at] + sign * rng.uniform(0.4, 0.9, at.size))[:, None]
        turn = (-0.4 * sign * rng.random(at.size))[:, None]
        length = (length[row, 0] * rng.uniform(0.25, 0.5, at.size))[:, None]
        widths = (widths[row, 0] * (1.0 - 0.65 * t[0, at]) * 0.75)[:, None]
    x, y, amount = np.concatenate(xs), np.concatenate(ys), np.concatenate(amounts)
    amount = amount * np.clip((np.hypot(x - macula[0], y - macula[1]) - 0.08) / 0.1, 0.0, 1.0)
    return ink(canvas, x, y, amount, 0.009)


# ---- faults: the retina [size, size, 3] and a severity in 0..1 in, the spoilt photograph out


def _blur(rng: np.random.Generator, canvas: Canvas, retina: Field, severity: float) -> Field:
    sigma = 0.085 * severity / canvas.pixel
    return ndimage.gaussian_filter(retina, (sigma, sigma, 0), mode="nearest", truncate=2.5)


def _uneven_light(rng: np.random.Generator, canvas: Canvas, retina: Field, severity: float) -> Field:
    angle = rng.uniform(-np.pi, np.pi)
    along = canvas.x * np.cos(angle) + canvas.y * np.sin(angle)
    shade = ramp((along + 0.75 - 1.3 * severity).astype(np.float32), 0.7)
    return retina * (1.0 - min(1.0, 0.25 + 0.8 * severity) * (1.0 - shade))[:, :, None]


def _haze(rng: np.random.Generator, canvas: Canvas, retina: Field, severity: float) -> Field:
    veil = np.clip(0.9 * severity * (0.85 + 0.25 * lattice_noise(rng, canvas, 3)), 0.0, 0.95)
    white = _colour(0.72, 0.66, 0.60) + np.float32(0.05) * rng.standard_normal(3).astype(np.float32)
    return _blur(rng, canvas, retina + veil[:, :, None] * (white - retina), 0.35 * severity)


def _underexposure(rng: np.random.Generator, canvas: Canvas, retina: Field, severity: float) -> Field:
    return retina * np.float32(1.0 - 0.90 * severity)


def _overexposure(rng: np.random.Generator, canvas: Canvas, retina: Field, severity: float) -> Field:
    return 1.0 - (1.0 - np.clip(retina * (1.0 + 0.8 * severity), 0.0, 1.0)) * np.float32(1.0 - 0.6 * severity)


def _lashes(rng: np.random.Generator, canvas: Canvas, retina: Field, severity: float) -> Field:
    """Let the lid and its lashes shade the top or the bottom."""
    edge = float(rng.choice((-1.0, 1.0)))
    lid = ramp((edge * canvas.y - 1.05 + 1.1 * severity + 0.15 * canvas.x**2).astype(np.float32), 0.25)
    spoilt = retina * (1.0 - 0.85 * lid)[:, :, None]
    for _ in range(int(2 + 7 * severity)):
        x = rng.uniform(-0.8, 0.8)
        tip = (x + rng.normal(0, 0.12), edge * (1.0 - (0.3 + 0.9 * severity) * rng.uniform(0.5, 1.0)))
        lash = stroke(canvas, np.array([(x, edge), tip]), 0.018, 0.03)
        spoilt *= 1.0 - 0.6 * lash[:, :, None]
    return spoilt


def _flare(rng: np.random.Generator, canvas: Canvas, retina: Field, severity: float) -> Field:
    """Let a crescent of stray light and dust spots cover the picture."""
    angle = rng.uniform(-np.pi, np.pi)
    ring = ellipse_radius(canvas, 0.5 * np.cos(angle), 0.5 * np.sin(angle), 0.62, 0.62)
    crescent = np.exp(-(((ring - 1.0) / (0.12 + 0.35 * severity)) ** 2))
    light = glow(canvas, 0.8 * np.cos(angle), 0.8 * np.sin(angle), 0.5, 0.5)
    flare = severity * (1.05 * crescent + 0.5 * light)
    return retina + np.clip(flare, 0, 1)[:, :, None] * (_colour(0.85, 0.78, 0.80) - retina)


FAULTS: tuple[Callable[[np.random.Generator, Canvas, Field, float], Field], ...] = (
    _blur,
    _uneven_light,
    _haze,
    _underexposure,
    _overexposure,
    _lashes,
    _flare,
)


def _spoil(rng: np.random.Generator, canvas: Canvas, retina: Field, severity: float) -> Field:
    """Return the retina with one to three faults whose severities add up, in squares, to ``severity``."""
    count = 1 + int(rng.choice(3, p=(0.5, 0.35, 0.15)))
    chosen = np.sort(rng.choice(len(FAULTS), size=count, replace=False))[::-1]
    shares = np.sqrt(rng.dirichlet(np.full(count, 1.5)))
    for fault, share in zip(chosen, shares, strict=True):
        retina = FAULTS[int(fault)](rng, canvas, retina, float(np.clip(severity * share, 0.0, 1.0)))
    return retina.astype(np.float32)
