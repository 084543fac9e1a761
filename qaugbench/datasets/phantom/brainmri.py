"""A phantom of brain MRI slices: glioma, meningioma, pituitary tumour or none. Drawn, not taken from any patient.

Every class is drawn by the same scanner: sequence, bias field and noise are independent of the class, and vessels,
uneven ventricles and cysts appear in all, so that the tumour distinguishes the classes. (One cue is left: a slice high
above the skull base shows no pituitary tumour.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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

CHANNELS = 1
MULTILABEL = False
PREVALENCE = {"glioma": 0.235, "meningioma": 0.235, "notumor": 0.28, "pituitary": 0.25}
LABELS = tuple(PREVALENCE)
SLICES_A_PATIENT = (0.5, 0.35, 0.15)
"""Chance of one, two and three slices."""


@dataclass(frozen=True)
class View:
    """Where a plane cuts the head: the brain's ellipse, and the pituitary fossa (None where the cut misses it)."""

    centre: tuple[float, float]
    radii: tuple[float, float]
    sella: tuple[float, float] | None
    draw_inside: Callable[[np.random.Generator, Slice], None]


@dataclass
class Slice:
    """One slice while it is drawn, in place."""

    canvas: Canvas
    depth: Field
    """brain depth: 1 in the middle, 0 on the surface, negative outside"""
    brain: Field
    value: Field
    csf: float
    grey: float
    white: float
    enhancement: float
    """how much brighter than grey matter contrast-enhancing tissue is"""

    def blend(self, mask: Field, brightness: Field | float) -> None:
        """Paint ``brightness`` where ``mask`` is 1."""
        self.value += mask * (brightness - self.value)


@dataclass(frozen=True)
class Tumour:
    """What a patient's slices share; ``size`` 0..1, ``contrast`` 0..1, ``angle`` around the brain in radians."""

    size: float
    contrast: float
    angle: float
    offset: float


@dataclass(frozen=True)
class Lesion:
    """Where a tumour was drawn in a slice, and its radius."""

    x: float
    y: float
    size: float


def draw_patient(seed: int, canvas: Canvas) -> DrawnPatient:
    """Return one phantom patient with one to three slices of the same class."""
    rng = numpy_generator(child_seed(seed, "patient"))
    label = int(rng.choice(len(LABELS), p=list(PREVALENCE.values())))
    age, sex = int(np.clip(50 + 15 * rng.standard_normal(), 18, 88)), "F" if rng.random() < 0.52 else "M"
    atrophy = float(np.clip(0.35 + 0.012 * (age - 50) + 0.2 * rng.standard_normal(), 0.0, 1.2))
    size, contrast, offset = (float(number) for number in rng.random(3))
    tumour = Tumour(size, contrast, angle=float(rng.uniform(-np.pi, np.pi)), offset=offset)
    weighting = float(rng.random())
    pictures = []
    for number in range(1 + int(rng.choice(3, p=SLICES_A_PATIENT))):
        image_rng = numpy_generator(child_seed(seed, "image", number))
        value, factors = _slice(image_rng, canvas, LABELS[label], tumour, atrophy, weighting)
        pictures.append(Picture(value[:, :, None], (label,), factors))
    return DrawnPatient(age, sex, pictures)


def _slice(
    rng: np.random.Generator, canvas: Canvas, label: str, tumour: Tumour, atrophy: float, weighting: float
) -> tuple[Field, dict[str, float]]:
    """Return a slice, and what it was drawn by: the size of the head, and place and size of the tumour where there is one."""
    views = [view for view in VIEWS if view.sella or label != "pituitary"]
    view = views[int(rng.integers(len(views)))]
    shift, zoom = rng.normal(0.0, 0.04, 2), float(np.exp(rng.normal(0.02, 0.07)))
    mirror = float(rng.choice((-1.0, 1.0)))
    canvas = placed(canvas, (float(shift[0]), float(shift[1])), zoom, float(rng.normal(0.0, 0.07)), mirror)
    scene = _head(rng, canvas, view, atrophy, weighting)
    view.draw_inside(rng, scene)
    _vessels(rng, scene, view)
    lesion = TUMOURS[label](rng, scene, view, tumour)
    factors = {"size of the head": zoom * view.radii[0]}
    if lesion is not None:
        x, y = in_frame(canvas, lesion.x, lesion.y)
        factors |= {"lesion, x": x, "lesion, y": y, "size of the lesion": zoom * lesion.size}
    return _acquired(rng, canvas, scene.value), factors


def _head(rng: np.random.Generator, canvas: Canvas, view: View, atrophy: float, weighting: float) -> Slice:
    """Return scalp, skull and folded brain; some patients have T2-like slices with bright fluid."""
    t2 = weighting < 0.15
    csf, grey, white = (0.78, 0.46, 0.34) if t2 else (0.10, 0.36, 0.46)
    rx, ry = view.radii[0] * (1 + 0.03 * rng.standard_normal()), view.radii[1] * (1 + 0.03 * rng.standard_normal())
    wobble = 0.018 * lattice_noise(rng, canvas, 4)
    radius = ellipse_radius(canvas, *view.centre, rx, ry) + wobble
    soft = max(0.025, canvas.pixel)
    scalp = (0.50 if t2 else 0.68) * (0.85 + 0.12 * lattice_noise(rng, canvas, 6))
    value = 0.015 + scalp * ramp((1.19 - radius) * rx, soft)
    value += ramp((1.12 - radius) * rx, soft) * (0.06 - value)
    brain = ramp((1.02 - radius) * rx, soft)
    depth = 1.0 - radius
    fold = np.abs(lattice_noise(rng, canvas, 17))
    sulci = ramp(0.10 + 0.22 * atrophy - fold, 0.25) * ramp(0.34 + 0.1 * atrophy - depth, 0.2)
    core = ramp(depth - 0.22 + 0.07 * lattice_noise(rng, canvas, 11), 0.12)
    tissue = grey + core * (white - grey) + 0.02 * lattice_noise(rng, canvas, 9)
    tissue += 0.55 * sulci * (csf - tissue)
    value += brain * (tissue - value)
    enhancement = 0.20 if t2 else 0.42
    return Slice(canvas, depth, brain, value, csf, grey, white, enhancement)


def _uneven(rng: np.random.Generator) -> tuple[float, float]:
    """Return the sizes of the left and right ventricle: alike in most heads, uneven in some."""
    size = float(np.exp(0.25 * rng.standard_normal()))
    skew = float(np.exp(0.15 * rng.standard_normal() + (rng.choice((-0.4, 0.4)) if rng.random() < 0.25 else 0.0)))
    return size * skew, size / skew


def _axial_high(rng: np.random.Generator, scene: Slice) -> None:
    canvas = scene.canvas
    bend = 0.02 * rng.standard_normal()
    scene.blend(0.5 * stroke(canvas, np.array([[0, -0.78], [bend, 0.0], [0, 0.78]]), 0.008, 0.03), scene.csf)
    for side, size in zip((-1, 1), _uneven(rng), strict=True):
        scene.blend(ellipse(canvas, side * 0.10, -0.22, 0.055 * size, 0.20 * size, -side * 0.35, 0.03), scene.csf)
        scene.blend(ellipse(canvas, side * 0.16, 0.22, 0.05 * size, 0.20 * size, side * 0.45, 0.03), scene.csf)
        scene.blend(0.6 * glow(canvas, side * 0.19, 0.02, 0.08, 0.10), scene.grey)
    scene.blend(0.8 * ellipse(canvas, 0, 0.02, 0.018, 0.12, 0, 0.02), scene.csf)


def _axial_low(rng: np.random.Generator, scene: Slice) -> None:
    """Draw the base: eyes in front, the star of cisterns in the middle, brain stem and cerebellum behind."""
    canvas = scene.canvas
    for side in (-1, 1):
        scene.blend(0.9 * ellipse(canvas, side * 0.27, -0.66, 0.14, 0.13, 0, 0.03), scene.csf * 0.8 + 0.05)
        scene.blend(0.6 * stroke(canvas, np.array([[side * 0.10, -0.10], [side * 0.52, -0.30]]), 0.03, 0.05), 0.12)
        scene.blend(0.6 * stroke(canvas, np.array([[side * 0.12, 0.12], [side * 0.50, 0.32]]), 0.02, 0.05), 0.15)
    star = ellipse(canvas, 0, -0.10, 0.17, 0.10, 0, 0.05)
    scene.blend(0.8 * star, scene.csf)
    scene.blend(ellipse(canvas, 0, 0.10, 0.13, 0.12, 0, 0.04), scene.white)
    scene.blend(0.8 * ellipse(canvas, 0, 0.26, 0.05, 0.04, 0, 0.03), scene.csf)
    leaves = ramp(canvas.y - 0.25, 0.1) * scene.brain * (0.5 + 0.5 * np.cos(canvas.y * 60.0))
    scene.blend(0.25 * leaves, scene.csf)
    _gland(rng, scene, (0.0, -0.12))


def _coronal(rng: np.random.Generator, scene: Slice) -> None:
    """Draw the butterfly of ventricles, the falx, and the skull base with the fossa between the temporal lobes."""
    canvas = scene.canvas
    scene.blend(0.5 * stroke(canvas, np.array([[0, -0.85], [0, -0.30]]), 0.008, 0.03), scene.csf)
    for side, size in zip((-1, 1), _uneven(rng), strict=True):
        scene.blend(ellipse(canvas, side * 0.12, -0.20, 0.15 * size, 0.05 * size, side * 0.35, 0.03), scene.csf)
        fissure = np.array([[side * 0.62, -0.02], [side * 0.42, 0.0], [side * 0.34, 0.08]])
        scene.blend(0.8 * stroke(canvas, fissure, 0.018, 0.04), scene.csf)
    scene.blend(0.8 * ellipse(canvas, 0, 0.02, 0.02, 0.10, 0, 0.02), scene.csf)
    face = ramp(canvas.y - 0.42 - 0.35 * np.abs(canvas.x), 0.06)
    texture = 0.28 + 0.12 * lattice_noise(rng, canvas, 10)
    face *= ellipse(canvas, 0.0, 0.35, 0.60, 0.70, 0.0, 0.06)
    scene.blend(0.9 * face, np.clip(texture, 0.03, 0.8))
    scene.depth = np.minimum(scene.depth, 0.42 + 0.35 * np.abs(canvas.x) - canvas.y)
    scene.blend(0.7 * ellipse(canvas, 0, 0.27, 0.18, 0.06, 0, 0.05), scene.csf)
    _gland(rng, scene, (0.0, 0.33))


def _sagittal(rng: np.random.Generator, scene: Slice) -> None:
    """Draw corpus callosum, brain stem, cerebellum, and the face in front and below."""
    canvas = scene.canvas
    t = np.linspace(-2.7, -0.35, 8)
    arc = np.stack([0.02 + 0.34 * np.cos(t), 0.02 + 0.26 * np.sin(t)], axis=1)
    scene.blend(0.75 * stroke(canvas, arc + np.array([0, 0.07]), 0.03, 0.03), scene.csf)
    scene.blend(0.9 * stroke(canvas, arc, 0.04, 0.03), scene.white + 0.06)
    below = ramp(canvas.y - 0.30 - 0.12 * canvas.x, 0.06)
    texture = 0.25 + 0.14 * lattice_noise(rng, canvas, 9)
    face = ellipse(canvas, -0.22, 0.28, 0.52, 0.62, -0.25, 0.05)
    neck = ramp(0.34 - np.abs(canvas.x - 0.18 - 0.1 * canvas.y), 0.06)
    scene.blend(below, np.clip(texture, 0.02, 0.7) * np.maximum(face, neck) + 0.02)
    scene.depth = np.minimum(scene.depth, 0.30 + 0.12 * canvas.x - canvas.y)
    cerebellum = ellipse(canvas, 0.42, 0.42, 0.24, 0.19, 0, 0.04)
    scene.blend(cerebellum, scene.grey + 0.08 * np.cos((canvas.x + 1.4 * canvas.y) * 50.0))
    stem = np.array([[0.10, 0.14], [0.14, 0.36], [0.17, 0.62], [0.18, 0.95]])
    scene.blend(stroke(canvas, stem, 0.075, 0.04), scene.white)
    scene.blend(0.8 * ellipse(canvas, 0.0, 0.22, 0.10, 0.06, 0.3, 0.04), scene.csf)
    _gland(rng, scene, (-0.08, 0.32))


def _gland(rng: np.random.Generator, scene: Slice, sella: tuple[float, float]) -> None:
    """Draw the normal pituitary gland: everybody has one, small and often bright."""
    size = 0.035 + 0.012 * rng.random()
    gland = ellipse(scene.canvas, *sella, 1.4 * size, size, 0, 0.03)
    scene.blend(gland, scene.grey + rng.uniform(0.3, 1.0) * scene.enhancement)


VIEWS = (
    View((0.0, 0.0), (0.62, 0.76), None, _axial_high),
    View((0.0, 0.0), (0.62, 0.74), (0.0, -0.12), _axial_low),
    View((0.0, -0.12), (0.64, 0.66), (0.0, 0.33), _coronal),
    View((0.06, -0.10), (0.74, 0.64), (-0.08, 0.32), _sagittal),
)


def _vessels(rng: np.random.Generator, scene: Slice, view: View) -> None:
    """Draw bright vessels, and in a few heads a fluid cyst or spots of old disease, whatever the class."""
    n_vessels, t = int(rng.integers(3, 10)), np.linspace(-1.0, 1.0, 20)[None, :]
    angle, radius = rng.uniform(-np.pi, np.pi, (n_vessels, 1)), rng.uniform(0.2, 1.0, (n_vessels, 1))
    heading, length = rng.uniform(0, np.pi, (n_vessels, 1)), rng.uniform(0.02, 0.16, (n_vessels, 1))
    xs = view.centre[0] + view.radii[0] * radius * np.cos(angle) + t * length * np.cos(heading + 0.6 * t)
    ys = view.centre[1] + view.radii[1] * radius * np.sin(angle) + t * length * np.sin(heading + 0.6 * t)
    amount = np.broadcast_to(rng.uniform(0.015, 0.04, (n_vessels, 1)) * 2 * length / t.size, xs.shape)
    mask = ink(scene.canvas, xs.ravel(), ys.ravel(), amount.ravel(), 0.01) * (scene.depth > -0.02)
    scene.blend(0.8 * mask, scene.grey + 1.1 * scene.enhancement)
    if rng.random() < 0.15:
        x, y = _within(rng, view, 0.2, 0.9)
        cyst = ellipse(scene.canvas, x, y, rng.uniform(0.04, 0.09), rng.uniform(0.04, 0.09), 0, 0.03)
        scene.blend(cyst, scene.csf)
    for _ in range(int(rng.integers(1, 5)) if rng.random() < 0.25 else 0):
        x, y = _within(rng, view, 0.1, 0.6)
        spot = glow(scene.canvas, x, y, rng.uniform(0.02, 0.045), rng.uniform(0.02, 0.045))
        scene.blend(0.6 * spot, scene.grey + 0.8 * scene.enhancement)


def _within(rng: np.random.Generator, view: View, low: float, high: float) -> tuple[float, float]:
    """Return a point in the brain, ``low`` to ``high`` of the way from the centre to the surface."""
    angle, radius = rng.uniform(-np.pi, np.pi), rng.uniform(low, high)
    return (
        float(view.centre[0] + radius * view.radii[0] * np.cos(angle)),
        float(view.centre[1] + radius * view.radii[1] * np.sin(angle)),
    )


def _no_tumour(rng: np.random.Generator, scene: Slice, view: View, tumour: Tumour) -> Lesion | None:
    """Leave the slice as it is."""
    return None


def _glioma(rng: np.random.Generator, scene: Slice, view: View, tumour: Tumour) -> Lesion | None:
    """Draw an irregular mass within the brain: oedema, then a contrast-enhancing rim around a dark core."""
    reach = 0.25 + 0.35 * tumour.offset
    angle = tumour.angle + rng.normal(0.0, 0.15)
    x = view.centre[0] + reach * view.radii[0] * np.cos(angle)
    y = view.centre[1] + reach * view.radii[1] * (np.sin(angle) if view.radii[1] > 0.7 else -abs(np.sin(angle)))
    size = (0.15 + 0.17 * tumour.size) * rng.uniform(0.85, 1.1)
    stretch = rng.uniform(0.75, 1.3)
    ragged = 0.22 * lattice_noise(rng, scene.canvas, 7) + 0.12 * lattice_noise(rng, scene.canvas, 14)
    radius = ellipse_radius(scene.canvas, x, y, size * stretch, size / stretch, rng.uniform(0, 3)) + ragged
    inside = (scene.depth > -0.02).astype(np.float32)
    oedema = ramp((1.6 - radius) * size, 0.7 * size) * inside
    swelling = 0.85 * scene.csf + 0.15 * scene.grey
    scene.blend((0.25 + 0.3 * tumour.contrast) * oedema, swelling)
    ring = ramp((0.28 - np.abs(radius - 0.85)) * size, 0.08) * inside
    core = ramp((0.75 - radius) * size, 0.06) * inside
    scene.blend((0.35 + 0.4 * tumour.contrast) * core, 0.6 * swelling + 0.4 * scene.grey)
    patchy = np.clip(0.75 + 0.4 * lattice_noise(rng, scene.canvas, 10), 0.0, 1.3)
    scene.blend((0.35 + 0.55 * tumour.contrast) * ring * patchy, scene.grey + scene.enhancement)
    return Lesion(float(x), float(y), size)


def _meningioma(rng: np.random.Generator, scene: Slice, view: View, tumour: Tumour) -> Lesion | None:
    """Draw an even, sharp-edged mass on the dura, with a tail along it; a fifth arise from the falx."""
    angle = tumour.angle + rng.normal(0.0, 0.1)
    size = (0.14 + 0.16 * tumour.size) * rng.uniform(0.85, 1.1)
    upward = np.sin(angle) if view.radii[1] > 0.7 else -abs(np.sin(angle))
    reach = (1.0, 1.0) if tumour.offset > 0.2 else (0.16, 0.75)
    x = view.centre[0] + reach[0] * view.radii[0] * np.cos(angle) * (1 - 0.35 * size)
    y = view.centre[1] + reach[1] * view.radii[1] * upward * (1 - 0.35 * size)
    brightness = scene.grey + (0.4 + 0.6 * tumour.contrast) * scene.enhancement
    radius = ellipse_radius(scene.canvas, x, y, size, size * rng.uniform(0.8, 1.25), rng.uniform(0, 3))
    inside = ramp(scene.depth + 0.01, 0.03)
    halo = ramp((1.45 - radius) * size, 0.4 * size) * inside
    scene.blend(0.35 * tumour.contrast * halo, scene.csf)
    tail = ramp(0.045 - np.abs(scene.depth - 0.01), 0.04) * ramp((2.0 - radius) * size, 0.1)
    scene.blend(0.6 * tail, brightness)
    mass = ramp((1.0 - radius) * size, 0.03) * inside
    scene.blend(0.92 * mass, brightness + 0.01 * lattice_noise(rng, scene.canvas, 9))
    return Lesion(float(x), float(y), size)


def _pituitary(rng: np.random.Generator, scene: Slice, view: View, tumour: Tumour) -> Lesion | None:
    """Draw a smooth midline mass that rises from the fossa, sometimes waisted like a snowman."""
    if view.sella is None:
        return None
    size = (0.085 + 0.10 * tumour.size) * rng.uniform(0.9, 1.1)
    x, y = view.sella[0] + 0.012 * rng.standard_normal(), view.sella[1] - 0.4 * size
    brightness = scene.grey + (0.35 + 0.65 * tumour.contrast) * scene.enhancement
    mass = ellipse(scene.canvas, x, y, size * rng.uniform(0.9, 1.3), size, 0, 0.035)
    if tumour.offset > 0.5:
        mass = np.maximum(mass, ellipse(scene.canvas, x, y - 0.9 * size, 0.7 * size, 0.65 * size, 0, 0.035))
    texture = 0.03 * lattice_noise(rng, scene.canvas, 11)
    scene.blend(0.92 * mass, brightness + texture)
    if rng.random() < 0.2:
        scene.blend(0.8 * ellipse(scene.canvas, x, y, 0.4 * size, 0.35 * size, 0, 0.03), scene.csf)
    return Lesion(float(x), float(y), size)


TUMOURS: dict[str, Callable[[np.random.Generator, Slice, View, Tumour], Lesion | None]] = {
    "glioma": _glioma,
    "meningioma": _meningioma,
    "notumor": _no_tumour,
    "pituitary": _pituitary,
}


def _acquired(rng: np.random.Generator, canvas: Canvas, value: Field) -> Field:
    """Return the slice as measured: coil bias field, window, and the noise of a magnitude image."""
    bias = np.exp(0.10 * lattice_noise(rng, canvas, 2))
    gain, gamma = float(np.exp(0.12 * rng.standard_normal())), float(np.exp(0.12 * rng.standard_normal()))
    level = float(rng.uniform(0.015, 0.04))
    signal = gain * bias * np.clip(value, 0.0, None)
    real, imaginary = signal + level * pixel_noise(rng, canvas), level * pixel_noise(rng, canvas)
    return np.sqrt(real * real + imaginary * imaginary) ** gamma
