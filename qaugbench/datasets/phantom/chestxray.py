"""A phantom of frontal chest radiographs with fourteen findings. Drawn, not taken from any patient.

Findings come from a Gaussian copula over a few disease factors (heart failure, infection, tumour, airway, pleura), so
that prevalences are exact in expectation and combinations co-occur as a clinician would expect. How far a finding is
above its threshold is its severity; each finding has one drawing function, and none reads the others' labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

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
    smooth,
    stroke,
)
from qaugbench.seeds import child_seed, numpy_generator

CHANNELS = 1
MULTILABEL = True

# finding: prevalence, loadings on (illness, heart failure, infection, tumour, airway, pleura)
FINDINGS: dict[str, tuple[float, tuple[float, float, float, float, float, float]]] = {
    "Atelectasis": (0.135, (0.45, 0.10, 0.20, 0.00, 0.00, 0.35)),
    "Cardiomegaly": (0.055, (0.30, 0.65, 0.00, 0.00, 0.00, 0.00)),
    "Effusion": (0.145, (0.45, 0.35, 0.00, 0.15, 0.00, 0.40)),
    "Infiltration": (0.200, (0.40, 0.00, 0.45, 0.00, 0.00, 0.00)),
    "Mass": (0.065, (0.35, 0.00, 0.00, 0.60, 0.00, 0.00)),
    "Nodule": (0.070, (0.30, 0.00, 0.00, 0.60, 0.00, 0.00)),
    "Pneumonia": (0.034, (0.40, 0.00, 0.65, 0.00, 0.00, 0.00)),
    "Pneumothorax": (0.055, (0.40, 0.00, 0.00, 0.00, 0.35, 0.30)),
    "Consolidation": (0.055, (0.45, 0.10, 0.50, 0.00, 0.00, 0.00)),
    "Edema": (0.040, (0.40, 0.60, 0.10, 0.00, 0.00, 0.00)),
    "Emphysema": (0.042, (0.30, 0.00, 0.00, 0.10, 0.65, 0.00)),
    "Fibrosis": (0.034, (0.35, 0.00, 0.00, 0.00, 0.35, 0.15)),
    "Pleural_Thickening": (0.046, (0.35, 0.00, 0.00, 0.10, 0.00, 0.50)),
    "Hernia": (0.028, (0.20, 0.00, 0.00, 0.00, 0.00, 0.00)),
}
LABELS = tuple(FINDINGS)
_PREVALENCE = np.array([prevalence for prevalence, _ in FINDINGS.values()])
_LOADINGS = np.array([loadings for _, loadings in FINDINGS.values()])
_RESIDUAL = np.sqrt(1.0 - (_LOADINGS**2).sum(axis=1))
_THRESHOLD = ndtri(1.0 - _PREVALENCE)

IMAGES_A_PATIENT = (0.55, 0.25, 0.20)
"""Chance of one, two and three images."""
FACTOR_PERSISTENCE = 0.7
"""Correlation of a patient's disease factors between two images."""
FAINTEST = 0.35
"""Severity of a finding that only just crosses its threshold."""


@dataclass(frozen=True)
class Anatomy:
    """The thorax of one image; lengths in half picture widths."""

    midline: float
    top: float
    lung_width: float
    lung_centre: float
    base_right: float
    base_left: float
    dome: float
    heart_width: float
    heart_height: float
    aorta: float
    rib_spacing: float
    rib_phase: float
    rib_slope: float
    rib_contrast: float
    fat: float
    breast: float
    darkness: float
    """brightness of aerated lung"""


@dataclass
class Scene:
    """The fields that findings draw on, in place."""

    canvas: Canvas
    anatomy: Anatomy
    across: Field
    """distance from the midline"""
    side: Field
    """-1 in the picture's left half, +1 in its right half"""
    lung: Field
    depth: Field
    """0 at the chest wall, 1 in the middle of the lung"""
    air: Field
    """brightness within the lungs"""
    over: Field
    """what is added over everything (pleural lines, retrocardiac shadows)"""

    def add(self, opacity: Field, white: float = 0.82) -> None:
        """Whiten the lungs by ``opacity`` 0..1."""
        self.air += opacity * (white - self.air)


def draw_patient(seed: int, canvas: Canvas) -> DrawnPatient:
    """Return one phantom patient with one to three radiographs of a shared anatomy."""
    rng = numpy_generator(child_seed(seed, "patient"))
    factors, residuals = rng.standard_normal(6), rng.standard_normal(len(LABELS))
    age = int(np.clip(48 + 16 * (0.35 * factors[0] + 0.94 * rng.standard_normal()), 18, 92))
    sex = "F" if rng.random() < 0.46 else "M"
    n_images = 1 + int(rng.choice(3, p=IMAGES_A_PATIENT))
    anatomy = _anatomy(rng, sex, age)
    laterality = rng.choice((-1.0, 1.0), size=len(LABELS))
    pictures = []
    for number in range(n_images):
        image_rng = numpy_generator(child_seed(seed, "image", number))
        severity = _severities(image_rng, factors, residuals)
        pictures.append(_radiograph(image_rng, canvas, anatomy, severity, laterality))
    return DrawnPatient(age, sex, pictures)


def _anatomy(rng: np.random.Generator, sex: str, age: int) -> Anatomy:
    normal = rng.standard_normal(14)
    scale = 0.97 if sex == "F" else 1.03
    return Anatomy(
        midline=0.03 * normal[0],
        top=-0.80 + 0.05 * normal[1],
        lung_width=scale * (0.36 + 0.02 * normal[2]),
        lung_centre=scale * (0.45 + 0.015 * normal[3]),
        base_right=0.46 + 0.06 * normal[4],
        base_left=0.51 + 0.06 * normal[4] + 0.02 * normal[5],
        dome=0.15 + 0.03 * normal[6],
        heart_width=0.285 + 0.020 * normal[7] + 0.0004 * (age - 48),
        heart_height=0.33 + 0.02 * normal[8],
        aorta=0.085 + 0.012 * normal[9] + 0.0006 * (age - 48),
        rib_spacing=0.165 + 0.012 * normal[10],
        rib_phase=float(rng.random()),
        rib_slope=0.34 + 0.08 * normal[11],
        rib_contrast=0.055 + 0.012 * normal[12],
        fat=float(np.clip(0.5 + 0.3 * normal[13], 0, 1.2)),
        breast=float(rng.uniform(0.03, 0.11)) if sex == "F" else 0.0,
        darkness=0.25 + 0.03 * float(rng.standard_normal()),
    )


def _severities(rng: np.random.Generator, factors: Field, residuals: Field) -> Field:
    """Return [14]: 0 for an absent finding, else its severity in FAINTEST..1."""
    new_factors, new_residuals = rng.standard_normal(6), rng.standard_normal(len(LABELS))
    keep, change = np.sqrt(FACTOR_PERSISTENCE), np.sqrt(1 - FACTOR_PERSISTENCE)
    z = _LOADINGS @ (keep * factors + change * new_factors) + _RESIDUAL * (keep * residuals + change * new_residuals)
    excess = 1.0 - ndtr(-z) / _PREVALENCE
    return np.where(z > _THRESHOLD, FAINTEST + (1 - FAINTEST) * excess, 0.0)


def _radiograph(
    rng: np.random.Generator, canvas: Canvas, anatomy: Anatomy, severity: Field, laterality: Field
) -> Picture:
    present = [index for index in range(len(LABELS)) if severity[index] > 0]
    portable = bool(rng.random() < 0.2 + 0.15 * min(len(present), 3))
    anatomy = _positioned(rng, anatomy, portable)
    shift, zoom, tilt = rng.normal(0.0, 0.05, 2), float(np.exp(rng.normal(0.03, 0.06))), rng.normal(0.0, 0.035)
    canvas = placed(canvas, (float(shift[0]), float(shift[1])), zoom, float(tilt))
    for index in present:
        reshape = RESHAPES.get(LABELS[index])
        anatomy = reshape(anatomy, float(severity[index]), float(laterality[index])) if reshape else anatomy
    scene = _scene(rng, canvas, anatomy)
    for index in present:
        sign = SIGNS.get(LABELS[index])
        if sign:
            sign(scene, rng, float(severity[index]), float(laterality[index]))
    value = _exposed(rng, scene, _projected(rng, scene, portable), portable)
    factors = {
        "width of the heart": zoom * anatomy.heart_width,
        "height of the lungs": zoom * (0.5 * (anatomy.base_left + anatomy.base_right) - anatomy.top),
        "middle, x": in_frame(canvas, anatomy.midline, 0.0)[0],
        "fat": anatomy.fat,
        "findings": float(len(present)),
    }
    return Picture(value[:, :, None], tuple(present), factors)


def _positioned(rng: np.random.Generator, anatomy: Anatomy, portable: bool) -> Anatomy:
    """Return the anatomy as taken: breath, rotation; a portable AP film shows a larger heart and less breath."""
    breath = 0.03 * rng.standard_normal() - (0.06 if portable else 0.0)
    return replace(
        anatomy,
        midline=anatomy.midline + 0.02 * rng.standard_normal(),
        base_right=anatomy.base_right + breath,
        base_left=anatomy.base_left + breath,
        heart_width=anatomy.heart_width * (1.07 if portable else 1.0),
    )


def _scene(rng: np.random.Generator, canvas: Canvas, anatomy: Anatomy) -> Scene:
    signed = canvas.x - np.float32(anatomy.midline)
    across, side = np.abs(signed), np.sign(signed)
    centre_y, height = anatomy.top + 0.78, 0.78
    v = (canvas.y - centre_y) / height
    u = (across - (anatomy.lung_centre + 0.07 * v)) / (anatomy.lung_width * (1.0 + 0.10 * v))
    radius = np.sqrt(np.sqrt(u**4 + np.abs(v) ** 3))
    base = np.where(side < 0, anatomy.base_right, anatomy.base_left).astype(np.float32)
    arch = (across - anatomy.lung_centre + 0.08) / 0.42
    floor = base - anatomy.dome * (1.0 - arch * arch)
    edge = max(0.035, canvas.pixel)
    lung = ramp((1.0 - radius) * anatomy.lung_width, edge) * ramp(floor - canvas.y, edge)
    depth = np.clip(1.0 - radius, 0.0, 1.0)
    air = np.full_like(lung, anatomy.darkness)
    air += 0.05 * glow(canvas, anatomy.midline, 0.0, 0.45, 0.5)
    air += (0.55 * depth + 0.1) * _vessels(rng, canvas, anatomy)
    air += 0.012 * lattice_noise(rng, canvas, 14) + 0.015 * lattice_noise(rng, canvas, 5)
    return Scene(canvas, anatomy, across, side, lung, depth, air, np.zeros_like(lung))


def _vessels(rng: np.random.Generator, canvas: Canvas, anatomy: Anatomy) -> Field:
    """Return the coverage of vessels that fan out from both hila and thin on their way."""
    n_vessels, n_dabs = 26, 24
    side = np.where(np.arange(n_vessels) % 2, 1.0, -1.0)[:, None]
    angle = rng.uniform(-1.35, 1.35, (n_vessels, 1))
    bend = rng.normal(0.0, 0.5, (n_vessels, 1))
    length = rng.uniform(0.3, 0.62, (n_vessels, 1))
    t = np.linspace(0.05, 1.0, n_dabs)[None, :]
    x = anatomy.midline + side * (0.16 + t * length * np.cos(angle + bend * t))
    y = -0.02 + t * length * 1.15 * np.sin(angle + bend * t)
    width = 0.03 * (1.15 - t) * np.ones_like(x)
    amount = width * length / n_dabs
    return ink(canvas, x.ravel(), y.ravel(), amount.ravel(), 0.008)


def _projected(rng: np.random.Generator, scene: Scene, portable: bool) -> Field:
    """Return the brightness of the whole picture: soft tissue, lungs, mediastinum, bones, outline."""
    canvas, anatomy, across = scene.canvas, scene.anatomy, scene.across
    tissue = 0.70 + 0.08 * ramp(canvas.y - 0.5, 0.8) - 0.22 * smooth((across - 0.78) / 0.3)
    value = tissue + scene.lung * (scene.air - tissue)
    if anatomy.breast:
        for side in (-1, 1):
            value += anatomy.breast * ellipse(canvas, anatomy.midline + side * 0.44, 0.36, 0.32, 0.28, 0.0, 0.1)
    shade = _mediastinum(canvas, anatomy)
    value += shade * (0.80 - value)
    value += _bones(rng, scene)
    value += scene.over
    return value * _outline(canvas, anatomy)


def _mediastinum(canvas: Canvas, anatomy: Anatomy) -> Field:
    middle, width = anatomy.midline, anatomy.heart_width
    heart = ellipse(canvas, middle + 0.42 * width, 0.28, 1.2 * width, 0.85 * anatomy.heart_height, 0.45, 0.09)
    base = ellipse(canvas, middle + 0.12 * width, 0.05, 0.62 * width, anatomy.heart_height, -0.15, 0.09)
    right_atrium = ellipse(canvas, middle - 0.30 * width, 0.24, 0.62 * width, 0.75 * anatomy.heart_height, 0.0, 0.07)
    knob = ellipse(canvas, middle + anatomy.aorta, -0.32, anatomy.aorta, 0.11, 0.0, 0.05)
    strip = ramp(0.13 - np.abs(canvas.x - np.float32(middle)), 0.09)
    hila = 0.5 * glow(canvas, middle - 0.19, -0.04, 0.05, 0.09) + 0.5 * glow(canvas, middle + 0.19, -0.04, 0.05, 0.09)
    return 0.92 * np.maximum.reduce([heart, base, right_atrium, knob, strip, hila])


def _bones(rng: np.random.Generator, scene: Scene) -> Field:
    canvas, anatomy, across = scene.canvas, scene.anatomy, scene.across
    reach = ramp(anatomy.lung_centre + anatomy.lung_width + 0.06 - across, 0.08)
    back = (canvas.y + 0.30 * anatomy.rib_slope - anatomy.rib_slope * across * across * 2.0) / anatomy.rib_spacing
    front = (canvas.y + 1.6 * anatomy.rib_slope * (across - 0.5)) / (1.25 * anatomy.rib_spacing)
    ribs = smooth(1.4 * np.cos(2 * np.pi * (back + anatomy.rib_phase)) + 0.3)
    ribs += 0.5 * smooth(1.4 * np.cos(2 * np.pi * (front + 0.7 * anatomy.rib_phase)) - 0.1) * ramp(across - 0.3, 0.2)
    below = 1.0 - 0.8 * ramp(canvas.y - anatomy.base_right + anatomy.dome, 0.15)
    bones = anatomy.rib_contrast * ribs * reach * below * ramp(canvas.y - anatomy.top - 0.05, 0.1)
    bones += 0.05 * ramp(0.075 - across, 0.03) * (1.0 + 0.5 * np.cos(2 * np.pi * canvas.y / 0.15))
    lift = float(rng.normal(0.0, 0.03))
    for side in (-1.0, 1.0):
        x = anatomy.midline + side * np.array([0.06, 0.22, 0.42, 0.66])
        y = anatomy.top + np.array([0.22, 0.19, 0.10 + lift, 0.04 + 2 * lift])
        bones += 0.09 * stroke(canvas, np.stack([x, y], axis=1), 0.035, 0.03)
    return bones


def _outline(canvas: Canvas, anatomy: Anatomy) -> Field:
    """Return 1 within the body and nearly 0 in the open beam beside the neck and arms."""
    shoulder = ramp(canvas.y - anatomy.top + 0.06, 0.22)
    half_width = 0.24 + (0.68 + 0.16 * anatomy.fat) * shoulder
    return 0.05 + 0.95 * ramp(half_width - np.abs(canvas.x - np.float32(anatomy.midline)), 0.06)


def _exposed(rng: np.random.Generator, scene: Scene, value: Field, portable: bool) -> Field:
    """Return the picture as digitised: exposure, contrast, scatter, noise, and leads on portable films."""
    canvas = scene.canvas
    if portable and rng.random() < 0.6:
        x = rng.uniform(-0.7, 0.7) + np.array([0.0, 0.1, 0.05, 0.2]) * rng.choice((-1, 1))
        y = np.array([-1.0, -0.4, 0.1, 0.5]) + rng.uniform(-0.2, 0.2)
        value = value + 0.15 * stroke(canvas, np.stack([x, y], axis=1), 0.008)
    gain = 1.0 + 0.08 * rng.standard_normal()
    offset = 0.03 * rng.standard_normal() + (0.05 if portable else 0.0)
    gamma = float(np.exp(0.15 * rng.standard_normal()))
    tilt = 0.05 * rng.standard_normal(2)
    value = gain * (value - 0.5) * (0.85 if portable else 1.0) + 0.5 + offset
    value += tilt[0] * canvas.x + tilt[1] * canvas.y
    value = np.clip(value, 0.0, 1.0) ** gamma
    noise = 0.025 + (0.012 if portable else 0.0)
    return (value + noise * pixel_noise(rng, canvas)).astype(np.float32)


# ---- findings that change the shape of the chest: anatomy in, anatomy out


def _enlarge_heart(anatomy: Anatomy, severity: float, laterality: float) -> Anatomy:
    return replace(
        anatomy,
        heart_width=anatomy.heart_width * (1.0 + 0.45 * severity),
        heart_height=anatomy.heart_height * (1.0 + 0.12 * severity),
    )


def _hyperinflate(anatomy: Anatomy, severity: float, laterality: float) -> Anatomy:
    return replace(
        anatomy,
        base_right=anatomy.base_right + 0.14 * severity,
        base_left=anatomy.base_left + 0.14 * severity,
        dome=anatomy.dome * (1.0 - 0.9 * severity),
        heart_width=anatomy.heart_width * (1.0 - 0.22 * severity),
        darkness=anatomy.darkness - 0.09 * severity,
    )


def _lose_volume(anatomy: Anatomy, severity: float, laterality: float) -> Anatomy:
    """Raise the diaphragm of the collapsed side and pull the mediastinum towards it."""
    rise = 0.17 * severity
    return replace(
        anatomy,
        midline=anatomy.midline + 0.04 * severity * laterality,
        base_right=anatomy.base_right - (rise if laterality < 0 else 0.0),
        base_left=anatomy.base_left - (rise if laterality > 0 else 0.0),
    )


RESHAPES: dict[str, Callable[[Anatomy, float, float], Anatomy]] = {
    "Atelectasis": _lose_volume,
    "Cardiomegaly": _enlarge_heart,
    "Emphysema": _hyperinflate,
}


# ---- findings that whiten, darken or line the picture, in place


def _in_lung(scene: Scene, rng: np.random.Generator, laterality: float, low: float, high: float) -> tuple[float, float]:
    """Return a point inside the lung of one side, at a height between ``low`` and ``high``."""
    anatomy = scene.anatomy
    x = anatomy.midline + laterality * (anatomy.lung_centre + anatomy.lung_width * rng.uniform(-0.45, 0.5))
    return float(x), float(rng.uniform(low, high))


def _atelectasis(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    base = scene.anatomy.base_left if laterality > 0 else scene.anatomy.base_right
    for _ in range(1 + int(rng.integers(3))):
        x, _ = _in_lung(scene, rng, laterality, 0.0, 1.0)
        y = base - 0.14 - rng.uniform(0.02, 0.28)
        half = rng.uniform(0.14, 0.28)
        tilt = rng.normal(0.0, 0.07)
        plate = np.array([[x - half, y - tilt], [x + half, y + tilt]])
        scene.add((0.3 + 0.5 * severity) * stroke(scene.canvas, plate, 0.014 + 0.02 * severity, 0.03))


def _effusion(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    """Fill the base with fluid whose upper border climbs at the chest wall (the meniscus)."""
    sides = (-1.0, 1.0) if rng.random() < 0.3 else (laterality,)
    for side in sides:
        base = scene.anatomy.base_left if side > 0 else scene.anatomy.base_right
        level = base + 0.06 - 0.50 * severity * rng.uniform(0.8, 1.2)
        rim = (scene.across - 0.2) / 0.5
        surface = level - 0.16 * rim * rim
        scene.add(0.92 * ramp(scene.canvas.y - surface, 0.06) * (scene.side == side), 0.78)


def _patch(scene: Scene, rng: np.random.Generator, x: float, y: float, radius: float, cells: int) -> Field:
    """Return an ill-defined cloud 0..1 around a point."""
    cloud = glow(scene.canvas, x, y, radius * rng.uniform(0.8, 1.25), radius * rng.uniform(0.8, 1.25))
    return cloud * np.clip(0.75 + 0.45 * lattice_noise(rng, scene.canvas, cells), 0.0, 1.4)


def _infiltration(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    for _ in range(1 + int(rng.integers(3))):
        side = laterality if rng.random() < 0.75 else -laterality
        x, y = _in_lung(scene, rng, side, -0.35, 0.4)
        scene.add((0.12 + 0.38 * severity) * _patch(scene, rng, x, y, rng.uniform(0.12, 0.22), 10))


def _pneumonia(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    """Fill one lower or middle zone with a dense patch in which air-filled bronchi stay dark."""
    x, y = _in_lung(scene, rng, laterality, 0.0, 0.32)
    patch = _patch(scene, rng, x, y, 0.17 + 0.08 * severity, 7)
    bronchi = _thin_lines(scene, rng, x, y, 0.25, 7)
    scene.add((0.3 + 0.5 * severity) * patch * (1.0 - 0.8 * bronchi))


def _thin_lines(scene: Scene, rng: np.random.Generator, x: float, y: float, reach: float, n_lines: int) -> Field:
    """Return thin random lines around a point."""
    t = np.linspace(-1.0, 1.0, 24)[None, :]
    angle = rng.uniform(0, np.pi, (n_lines, 1))
    cx, cy = x + reach * rng.normal(0, 0.4, (n_lines, 1)), y + reach * rng.normal(0, 0.4, (n_lines, 1))
    length = reach * rng.uniform(0.4, 0.9, (n_lines, 1))
    px, py = cx + t * length * np.cos(angle), cy + t * length * np.sin(angle)
    amount = np.broadcast_to(2 * length / t.size * 0.03, px.shape)
    return ink(scene.canvas, px.ravel(), py.ravel(), amount.ravel(), 0.01)


def _consolidation(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    """Whiten a lobe evenly up to a sharp fissure."""
    upper = bool(rng.random() < 0.55)
    fissure = rng.uniform(-0.15, 0.1) + rng.normal(0, 0.25) * (scene.canvas.x - laterality * scene.anatomy.lung_centre)
    below = (scene.canvas.y - fissure) * (-1.0 if upper else 1.0)
    extent = 0.16 + 0.30 * severity
    lobe = ramp(below, 0.03) * ramp(extent - below, 0.2) * (scene.side == laterality)
    scene.add((0.4 + 0.45 * severity) * lobe)


def _mass(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    x, y = _in_lung(scene, rng, laterality, -0.5, 0.3)
    radius = 0.09 + 0.09 * severity * rng.uniform(0.8, 1.2)
    lump = ellipse(scene.canvas, x, y, radius, radius * rng.uniform(0.8, 1.2), rng.uniform(0, 3), 0.05)
    lobule_x, lobule_y = x + radius * rng.uniform(-0.8, 0.8), y + 0.6 * radius
    lobule = ellipse(scene.canvas, lobule_x, lobule_y, 0.6 * radius, 0.55 * radius, 0, 0.05)
    scene.add((0.4 + 0.4 * severity) * np.maximum(lump, lobule))


def _nodule(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    for _ in range(1 + int(rng.random() < 0.35) + int(rng.random() < 0.2)):
        side = laterality if rng.random() < 0.7 else -laterality
        x, y = _in_lung(scene, rng, side, -0.55, 0.35)
        radius = 0.045 + 0.035 * severity
        scene.add((0.5 + 0.40 * severity) * ellipse(scene.canvas, x, y, radius, radius, 0, 0.03))


def _pneumothorax(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    """Draw the edge of the collapsed lung and, beyond it, air without vessels."""
    anatomy = scene.anatomy
    gap = 0.10 + 0.22 * severity
    edge = ellipse_radius(
        scene.canvas,
        anatomy.midline + laterality * (anatomy.lung_centre - 0.5 * gap),
        anatomy.top + 0.85 + gap,
        anatomy.lung_width,
        0.85,
    )
    half = scene.side == laterality
    beyond = ramp((edge - 1.0) * anatomy.lung_width, 0.03) * half
    scene.air += beyond * (anatomy.darkness - 0.10 - 0.06 * severity - scene.air)
    line = ramp(0.016 - np.abs(edge - 1.0) * anatomy.lung_width, 0.02)
    scene.air += (0.18 + 0.15 * severity) * line * half
    scene.add(0.25 * severity * (1.0 - beyond) * half)


def _edema(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    """Haze both hila like a bat's wings, and draw short lines at the lateral bases."""
    wings = np.zeros_like(scene.air)
    for side in (-1, 1):
        wings += glow(scene.canvas, scene.anatomy.midline + side * 0.30, 0.0, 0.17, 0.30, side * 0.3)
    scene.add((0.2 + 0.45 * severity) * wings * np.clip(0.9 + 0.3 * lattice_noise(rng, scene.canvas, 12), 0.0, 1.5))
    rows = 0.5 + 0.5 * np.cos(2 * np.pi * scene.canvas.y / 0.085)
    wall = ramp(0.30 - scene.depth, 0.12) * ramp(scene.canvas.y - 0.1, 0.1)
    scene.add(0.25 * severity * wall * rows)


def _emphysema(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    """Empty the periphery: fewer vessels, and a bulla or two."""
    for _ in range(1 + int(rng.integers(2))):
        x, y = _in_lung(scene, rng, float(rng.choice((-1.0, 1.0))), -0.55, -0.1)
        radius = ellipse_radius(scene.canvas, x, y, 0.16, 0.16)
        scene.air -= 0.08 * severity * ramp((1.0 - radius) * 0.16, 0.05)
        scene.air += 0.06 * severity * ramp(0.012 - np.abs(radius - 1.0) * 0.16, 0.02)


def _fibrosis(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    """Draw a net of fine lines over both bases and the periphery."""
    net = 1.0 - np.clip(np.abs(lattice_noise(rng, scene.canvas, 22)) * 2.2, 0.0, 1.0)
    lace = 1.0 - np.clip(np.abs(lattice_noise(rng, scene.canvas, 15)) * 2.2, 0.0, 1.0)
    where = ramp(0.55 - scene.depth, 0.5) * (0.35 + 0.65 * ramp(scene.canvas.y - 0.05, 0.4))
    scene.add((0.25 + 0.5 * severity) * np.maximum(net, lace) * where)


def _pleural_thickening(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    """Line the chest wall of one side, apex or flank, with a band."""
    width = (0.10 + 0.14 * severity) * np.clip(1.0 + 0.3 * lattice_noise(rng, scene.canvas, 6), 0.3, 2.0)
    lateral = ramp(scene.across - scene.anatomy.lung_centre + 0.12, 0.12)
    apical = ramp(scene.anatomy.top + 0.40 - scene.canvas.y, 0.15)
    where = np.maximum(lateral, apical) if rng.random() < 0.6 else apical
    scene.add((0.45 + 0.4 * severity) * ramp(width - scene.depth, 0.05) * where * (scene.side == laterality))


def _hernia(scene: Scene, rng: np.random.Generator, severity: float, laterality: float) -> None:
    """Put a stomach bubble with a fluid level behind the heart."""
    x, y = scene.anatomy.midline + 0.05 + 0.05 * rng.standard_normal(), 0.30 + 0.04 * rng.standard_normal()
    radius = 0.13 + 0.07 * severity
    sac = ellipse_radius(scene.canvas, x, y, 1.1 * radius, radius)
    inside = ramp((1.0 - sac) * radius, 0.03)
    gas = ramp(y + 0.1 * radius - scene.canvas.y, 0.03)
    scene.over += (0.06 + 0.08 * severity) * ramp(0.025 - np.abs(sac - 1.0) * radius, 0.03)
    scene.over -= (0.10 + 0.22 * severity) * inside * gas
    scene.add(0.6 * inside)


SIGNS: dict[str, Callable[[Scene, np.random.Generator, float, float], None]] = {
    "Atelectasis": _atelectasis,
    "Effusion": _effusion,
    "Infiltration": _infiltration,
    "Mass": _mass,
    "Nodule": _nodule,
    "Pneumonia": _pneumonia,
    "Pneumothorax": _pneumothorax,
    "Consolidation": _consolidation,
    "Edema": _edema,
    "Emphysema": _emphysema,
    "Fibrosis": _fibrosis,
    "Pleural_Thickening": _pleural_thickening,
    "Hernia": _hernia,
}
