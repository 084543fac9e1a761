"""A phantom of knee radiographs graded 0-4 for osteoarthritis. Drawn, not taken from any patient.

A latent disease score sets the grade by its quantile; joint space, osteophytes, sclerosis and surface each follow the
score with independent noise, so that neighbouring grades overlap as they do between readers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from qaugbench.datasets.phantom.shapes import (
    Canvas,
    DrawnPatient,
    Field,
    Picture,
    ellipse,
    in_frame,
    lattice_noise,
    pixel_noise,
    placed,
    ramp,
    smooth,
)
from qaugbench.seeds import child_seed, numpy_generator

CHANNELS = 1
MULTILABEL = False
LABELS = ("0", "1", "2", "3", "4")
PREVALENCE = (0.40, 0.18, 0.255, 0.13, 0.035)
KNEE_CORRELATION = 0.6
"""Correlation of the disease scores of a patient's two knees."""

# grade on a continuous scale (2.5 = the middle of grade 2) -> how marked each sign is, 0..1
_SCALE = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
_NARROWING = (0.00, 0.05, 0.14, 0.38, 0.75, 1.00)
_OSTEOPHYTE = (0.00, 0.06, 0.30, 0.58, 0.82, 1.00)
_SCLEROSIS = (0.00, 0.02, 0.12, 0.38, 0.75, 1.00)
_ROUGHNESS = (0.00, 0.02, 0.08, 0.25, 0.60, 1.00)
READER_NOISE = 0.45
"""Spread, in grades, of a sign around the disease score."""


@dataclass(frozen=True)
class Bones:
    """The bones of one patient; lengths in half picture widths."""

    joint: float
    femur_width: float
    tibia_width: float
    space: float
    notch: float
    spine: float
    curve: float
    density: float
    trabeculae: float


@dataclass(frozen=True)
class Disease:
    """How marked each sign is, 0..1, by compartment (medial, lateral) where it differs."""

    narrowing: tuple[float, float]
    osteophyte: tuple[float, float]
    sclerosis: tuple[float, float]
    roughness: float


def draw_patient(seed: int, canvas: Canvas) -> DrawnPatient:
    """Return one phantom patient: two knees, right then left, with correlated grades."""
    rng = numpy_generator(child_seed(seed, "patient"))
    shared = rng.standard_normal()
    age = int(np.clip(61 + 9 * (0.4 * shared + 0.92 * rng.standard_normal()), 45, 79))
    sex = "F" if rng.random() < 0.58 else "M"
    bones = _bones(rng)
    medial = bool(rng.random() < 0.72)
    pictures = []
    for number in range(2):
        knee_rng = numpy_generator(child_seed(seed, "image", number))
        own = knee_rng.standard_normal()
        score = float(ndtr(np.sqrt(KNEE_CORRELATION) * shared + np.sqrt(1 - KNEE_CORRELATION) * own))
        grade, position = _grade(score)
        disease = _disease(knee_rng, grade + position, medial)
        value, joint = _radiograph(knee_rng, canvas, bones, disease, mirror=1.0 if number == 0 else -1.0)
        factors = {
            "severity": grade + position,
            "narrowing": max(disease.narrowing),
            "osteophytes": max(disease.osteophyte),
            "sclerosis": max(disease.sclerosis),
            "height of the joint": joint,
        }
        pictures.append(Picture(value[:, :, None], (grade,), factors))
    return DrawnPatient(age, sex, pictures)


def _grade(score: float) -> tuple[int, float]:
    """Return the grade of a score in 0..1, and how far through that grade it is, 0..1."""
    edges = np.concatenate([[0.0], np.cumsum(PREVALENCE)])
    grade = int(np.clip(np.searchsorted(edges, score, side="right") - 1, 0, len(LABELS) - 1))
    return grade, float((score - edges[grade]) / PREVALENCE[grade])


def _disease(rng: np.random.Generator, scale: float, medial: bool) -> Disease:
    noise = READER_NOISE * rng.standard_normal(4)
    narrowing, osteophyte, sclerosis, roughness = (
        float(np.interp(scale + shift, _SCALE, table))
        for shift, table in zip(noise, (_NARROWING, _OSTEOPHYTE, _SCLEROSIS, _ROUGHNESS), strict=True)
    )
    worse_medial = [
        (sign, float(share) * sign)
        for sign, share in zip((narrowing, osteophyte, sclerosis), rng.uniform(0.0, 0.45, 3), strict=True)
    ]
    ordered = [pair if medial else pair[::-1] for pair in worse_medial]
    return Disease(ordered[0], ordered[1], ordered[2], roughness)


def _bones(rng: np.random.Generator) -> Bones:
    normal = rng.standard_normal(9)
    return Bones(
        joint=0.10 + 0.04 * normal[0],
        femur_width=0.80 + 0.03 * normal[1],
        tibia_width=0.80 + 0.03 * normal[2],
        space=0.135 + 0.016 * normal[3],
        notch=0.26 + 0.04 * normal[4],
        spine=0.085 + 0.015 * normal[5],
        curve=0.16 + 0.03 * normal[6],
        density=0.62 + 0.03 * normal[7],
        trabeculae=float(np.exp(0.25 * normal[8])),
    )


def _radiograph(
    rng: np.random.Generator, canvas: Canvas, bones: Bones, disease: Disease, mirror: float
) -> tuple[Field, float]:
    """Return the knee as seen from the front, and the height of its joint; the medial side is at the left before mirroring."""
    shift, zoom, turn = rng.normal(0.0, 0.035, 2), float(np.exp(rng.normal(0.0, 0.04))), float(rng.normal(0.0, 0.03))
    canvas = placed(canvas, (float(shift[0]), float(shift[1])), zoom, turn, mirror)
    femur_edge, tibia_edge = _joint_surfaces(rng, canvas, bones, disease)
    femur, tibia = _silhouettes(canvas, bones, disease, femur_edge, tibia_edge)
    value = 0.30 - 0.10 * smooth((np.abs(canvas.x) - 0.75) / 0.35) + 0.015 * lattice_noise(rng, canvas, 5)
    fibula = ellipse(canvas, 0.70, 0.98, 0.16, 0.52, 0.0, 0.04)
    value += 0.20 * fibula * (1.0 - 0.5 * tibia)
    texture = _trabeculae(rng, canvas, bones)
    bone = np.maximum(femur, tibia)
    value += bone * (bones.density + texture - value)
    value += 0.07 * ellipse(canvas, 0.04 * rng.standard_normal(), -0.50, 0.34, 0.30, 0.0, 0.06) * femur
    value += _cortex(canvas, disease, femur, tibia, femur_edge, tibia_edge)
    return _exposed(rng, canvas, value), in_frame(canvas, 0.0, bones.joint)[1]


def _joint_surfaces(rng: np.random.Generator, canvas: Canvas, bones: Bones, disease: Disease) -> tuple[Field, Field]:
    """Return the height of the femoral and of the tibial surface over every point, y down."""
    x = canvas.x
    medial = smooth(0.5 - x / 0.5)
    narrowing = disease.narrowing[0] * medial + disease.narrowing[1] * (1.0 - medial)
    tilt = 0.05 * rng.standard_normal()
    rough = disease.roughness * 0.035 * lattice_noise(rng, canvas, 13)
    spines = bones.spine * (np.exp(-(((x + 0.07) / 0.055) ** 2)) + 0.9 * np.exp(-(((x - 0.08) / 0.055) ** 2)))
    dish = 0.03 * np.cos(np.clip((np.abs(x) - 0.42) / 0.35, -1, 1) * np.pi)
    tibia = bones.joint + 0.5 * bones.space + dish + tilt * x - spines + rough
    gap = bones.space * (1.0 - 0.92 * narrowing)
    rounding = bones.curve * np.clip((np.abs(x) - 0.45) / 0.35, 0.0, 1.5) ** 2 * (1.0 - 0.5 * narrowing)
    notch = bones.notch * np.exp(-((x / 0.17) ** 2))
    femur = bones.joint + 0.5 * bones.space + dish + tilt * x - gap - rounding - notch - 0.6 * rough
    return femur, tibia


def _silhouettes(
    canvas: Canvas, bones: Bones, disease: Disease, femur_edge: Field, tibia_edge: Field
) -> tuple[Field, Field]:
    """Return the masks of femur and tibia; osteophytes are spurs at the four corners of the joint."""
    above, below = femur_edge - canvas.y, canvas.y - tibia_edge
    outward = np.where(canvas.x < 0, disease.osteophyte[0], disease.osteophyte[1]).astype(np.float32)
    femur_spur = 0.17 * outward * np.exp(-((np.clip(above, 0, None) / 0.10) ** 2))
    tibia_spur = 0.17 * outward * np.exp(-((np.clip(below, 0, None) / 0.08) ** 2))
    femur_half = bones.femur_width - 0.32 * smooth((above - 0.35) / 0.8) - 0.12 * np.exp(-((above / 0.12) ** 2))
    tibia_half = bones.tibia_width - 0.30 * smooth((below - 0.10) / 0.75) - 0.04 * np.exp(-((below / 0.05) ** 2))
    across, edge = np.abs(canvas.x), max(0.025, canvas.pixel)
    femur = ramp(above, edge) * ramp(femur_half + femur_spur - across, edge)
    tibia = ramp(below, edge) * ramp(tibia_half + tibia_spur - across, edge)
    return femur, tibia


def _trabeculae(rng: np.random.Generator, canvas: Canvas, bones: Bones) -> Field:
    """Return the texture of spongy bone, streaked along the leg."""
    streaks = lattice_noise(rng, canvas, 26)
    along = 0.5 * (streaks + np.roll(streaks, canvas.size // 22, axis=0))
    clouds = lattice_noise(rng, canvas, 8) + lattice_noise(rng, canvas, 4)
    return bones.trabeculae * (0.035 * along + 0.03 * clouds)


def _cortex(
    canvas: Canvas, disease: Disease, femur: Field, tibia: Field, femur_edge: Field, tibia_edge: Field
) -> Field:
    """Return the bright plates under the joint surfaces; sclerosis makes them broad and dense."""
    medial = smooth(0.5 - canvas.x / 0.4)
    sclerosis = disease.sclerosis[0] * medial + disease.sclerosis[1] * (1.0 - medial)
    loaded = np.exp(-(((np.abs(canvas.x) - 0.42) / 0.25) ** 2))
    width = 0.035 + 0.10 * sclerosis * loaded
    strength = 0.16 + 0.16 * sclerosis * loaded
    plate = tibia * np.exp(-np.clip(canvas.y - tibia_edge, 0, None) / width)
    plate += 0.8 * femur * np.exp(-np.clip(femur_edge - canvas.y, 0, None) / width)
    return strength * plate


def _exposed(rng: np.random.Generator, canvas: Canvas, value: Field) -> Field:
    gain, offset = 1.0 + 0.12 * rng.standard_normal(), 0.04 * rng.standard_normal()
    gamma, tilt = float(np.exp(0.15 * rng.standard_normal())), 0.05 * rng.standard_normal(2)
    value = gain * (value - 0.5) + 0.5 + offset + tilt[0] * canvas.x + tilt[1] * canvas.y
    if rng.random() < 0.15:
        value = value + rng.uniform(0.1, 0.25) * np.exp(-((canvas.x / 0.6) ** 2))
    value = np.clip(value, 0.0, 1.0) ** gamma
    return (value + 0.035 * pixel_noise(rng, canvas)).astype(np.float32)
