"""Properties of the phantoms: same seed same bits, growth by patients, sizes, labels that agree with what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from qaugbench.datasets.phantom import chestxray as phantom_chestxray
from qaugbench.datasets.phantom import kneeoa as phantom_kneeoa
from qaugbench.datasets.phantom.images import phantom_tasks, render_phantom
from qaugbench.datasets.phantom.shapes import area_average, canvas_of, ellipse, ink, lattice_noise, placed, stroke
from qaugbench.errors import DataError

TASKS = ["brainmri", "chestxray", "fundus", "kneeoa"]
PREVALENCES = {
    "brainmri": (0.235, 0.235, 0.28, 0.25),
    "chestxray": tuple(prevalence for prevalence, _ in phantom_chestxray.FINDINGS.values()),
    "fundus": (0.68, 0.12, 0.20),
    "kneeoa": (0.40, 0.18, 0.255, 0.13, 0.035),
}


def test_every_task_is_found_by_its_file_name() -> None:
    assert phantom_tasks() == TASKS


def test_an_unknown_task_names_the_near_ones() -> None:
    with pytest.raises(DataError, match="Did you mean 'brainmri'"):
        render_phantom("brianmri", 1, 0, 32)


@pytest.mark.parametrize(("n_patients", "size"), [(0, 32), (3, 4)])
def test_an_empty_or_tiny_phantom_is_refused(n_patients: int, size: int) -> None:
    with pytest.raises(DataError, match="n_patients >= 1 and size >= 8"):
        render_phantom("kneeoa", n_patients, 0, size)


@pytest.mark.parametrize("task", TASKS)
def test_shapes_rows_and_labels_agree(task: str) -> None:
    phantom = render_phantom(task, 12, seed=5, size=48)
    n_images, n_labels = phantom.labels.shape
    assert phantom.images.shape == (n_images, 48, 48, 3 if task == "fundus" else 1)
    assert phantom.images.dtype == np.uint8
    assert phantom.patient_ids == [row["patient_id"] for row in phantom.rows]
    assert len({row["filename"] for row in phantom.rows}) == n_images
    for truth, row in zip(phantom.labels, phantom.rows, strict=True):
        if task == "chestxray":
            assert [row[name] for name in phantom.label_names] == truth.tolist()
        else:
            assert truth.sum() == 1
            assert row["label"] == phantom.label_names[int(truth.argmax())]
    assert n_labels == len(phantom.label_names)


@pytest.mark.parametrize("task", TASKS)
def test_a_larger_phantom_begins_with_the_smaller_and_repeats_its_bits(task: str) -> None:
    small, large = render_phantom(task, 5, seed=2, size=32), render_phantom(task, 9, seed=2, size=32)
    np.testing.assert_array_equal(large.images[: len(small.images)], small.images)
    assert large.rows[: len(small.rows)] == small.rows


@pytest.mark.parametrize("task", TASKS)
def test_another_seed_draws_other_patients(task: str) -> None:
    one, other = render_phantom(task, 1, seed=1, size=32), render_phantom(task, 1, seed=2, size=32)
    assert not np.array_equal(one.images[0], other.images[0])


@pytest.mark.parametrize("task", TASKS)
def test_anatomy_does_not_depend_on_the_size(task: str) -> None:
    coarse, fine = render_phantom(task, 6, seed=3, size=64), render_phantom(task, 6, seed=3, size=160)
    assert coarse.rows == fine.rows
    for small, big in zip(coarse.images, fine.images, strict=True):
        averaged = area_average(big.astype(np.float32), 64)
        smooth_small, smooth_big = (ndimage.gaussian_filter(i[:, :, 0].astype(float), 1.5) for i in (small, averaged))
        assert np.corrcoef(smooth_small.ravel(), smooth_big.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("task", TASKS)
def test_small_pictures_are_the_drawing_averaged_down(task: str) -> None:
    drawn, small = render_phantom(task, 3, seed=4, size=64), render_phantom(task, 3, seed=4, size=16)
    blocks = drawn.images.reshape(-1, 16, 4, 16, 4, drawn.images.shape[3]).mean(axis=(2, 4), dtype=float)
    assert np.abs(blocks - small.images).max() <= 1.0


@pytest.mark.parametrize("task", TASKS)
def test_class_shares_are_near_the_declared_prevalences(task: str) -> None:
    phantom = render_phantom(task, 300, seed=6, size=8)
    share, declared = phantom.labels.mean(axis=0), np.array(PREVALENCES[task])
    spread = np.sqrt(declared * (1 - declared) / 300)  # patients, since the images of one patient are alike
    assert np.all(np.abs(share - declared) < 4 * spread)


def test_about_half_of_the_chest_phantom_is_normal_and_findings_cluster() -> None:
    labels = render_phantom("chestxray", 600, seed=7, size=8).labels
    names = list(phantom_chestxray.LABELS)
    heart, oedema = labels[:, names.index("Cardiomegaly")] > 0, labels[:, names.index("Edema")]
    assert 0.40 < (labels.sum(axis=1) == 0).mean() < 0.60
    assert oedema[heart].mean() > 2 * oedema[~heart].mean()


def test_an_enlarged_heart_is_drawn_wider_and_fluid_is_drawn_brighter() -> None:
    canvas, laterality = canvas_of(64), np.ones(14)

    def draw(finding: str, severity: float) -> np.ndarray:
        rng, levels = np.random.default_rng(1), np.zeros(14)
        levels[phantom_chestxray.LABELS.index(finding)] = severity
        anatomy = phantom_chestxray._anatomy(np.random.default_rng(2), "M", 50)
        return phantom_chestxray._radiograph(rng, canvas, anatomy, levels, laterality).value[:, :, 0]

    heart_flank, left_base = (slice(34, 44), slice(42, 50)), (slice(38, 46), slice(44, 56))
    assert draw("Cardiomegaly", 1.0)[heart_flank].mean() > draw("Cardiomegaly", 0.0)[heart_flank].mean() + 0.05
    assert draw("Effusion", 1.0)[left_base].mean() > draw("Effusion", 0.0)[left_base].mean() + 0.05


def test_the_two_knees_of_a_patient_have_correlated_grades() -> None:
    grades = render_phantom("kneeoa", 250, seed=8, size=8).labels.argmax(axis=1).reshape(-1, 2)
    assert 0.35 < np.corrcoef(grades[:, 0], grades[:, 1])[0, 1] < 0.75


def test_joint_space_closes_with_the_grade() -> None:
    rng, canvas = np.random.default_rng(3), canvas_of(64)
    bones = phantom_kneeoa._bones(rng)
    gaps = []
    for scale in (0.5, 3.5, 4.9):
        disease = phantom_kneeoa._disease(np.random.default_rng(4), scale, medial=True)
        femur, tibia = phantom_kneeoa._joint_surfaces(np.random.default_rng(5), canvas, bones, disease)
        gaps.append(float((tibia - femur)[0, 16:22].mean()))
    assert gaps[0] > gaps[1] > gaps[2]


def test_half_of_the_fundus_patients_have_both_eyes() -> None:
    phantom = render_phantom("fundus", 200, seed=9, size=8)
    assert 0.35 < len(phantom.images) / 200 - 1 < 0.65


def test_an_ellipse_covers_its_area() -> None:
    assert ellipse(canvas_of(256), 0.1, 0.0, 0.5, 0.3, angle=0.4).mean() * 4 == pytest.approx(np.pi * 0.15, rel=0.01)


def test_a_stroke_covers_length_times_width() -> None:
    line = np.array([[-0.5, 0.0], [0.5, 0.0]])
    expected = 1.0 * 0.1 + np.pi * 0.05**2
    assert stroke(canvas_of(256), line, 0.05).mean() * 4 == pytest.approx(expected, rel=0.02)


def test_thin_ink_deposits_its_amount_wherever_the_canvas_is_placed() -> None:
    x, y = np.linspace(-0.4, 0.4, 200), np.linspace(-0.1, 0.3, 200)
    canvas = placed(canvas_of(128), (0.1, -0.05), 1.1, 0.3)
    covered = ink(canvas, x, y, np.full(200, 1e-6), 0.02)
    assert covered.sum() * (2 / 128) ** 2 == pytest.approx(200e-6 * 1.1**2, rel=0.01)
    row, column = np.unravel_index(covered.argmax(), covered.shape)
    nearest = np.hypot(x - canvas.x[row, column], y - canvas.y[row, column]).min()
    assert nearest < 2 * canvas.pixel


def test_lattice_noise_has_unit_variance_and_the_same_hills_at_all_sizes() -> None:
    fields = np.stack([lattice_noise(np.random.default_rng(seed), canvas_of(64), 8) for seed in range(60)])
    assert fields.var() == pytest.approx(1.0, rel=0.1)
    coarse, fine = (lattice_noise(np.random.default_rng(1), canvas_of(size), 8) for size in (64, 192))
    np.testing.assert_allclose(coarse, fine[1::3, 1::3], atol=1e-4)


def test_area_average_keeps_the_mean_at_any_ratio() -> None:
    value = np.random.default_rng(0).random((64, 64, 3), dtype=np.float32)
    np.testing.assert_allclose(area_average(value, 28).mean(axis=(0, 1)), value.mean(axis=(0, 1)), rtol=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_factors_are_numbers_of_every_image_or_of_those_that_have_them(task: str) -> None:
    phantom = render_phantom(task, 40, seed=3, size=64)
    assert phantom.factors
    for name, values in phantom.factors.items():
        assert values.shape == (len(phantom.images),)
        assert np.unique(values[np.isfinite(values)]).size > 3, name
    assert any(np.isfinite(values).all() for values in phantom.factors.values())


def test_the_severity_of_a_knee_begins_with_its_grade() -> None:
    phantom = render_phantom("kneeoa", 60, seed=3, size=8)
    assert (np.floor(phantom.factors["severity"]) == phantom.labels.argmax(axis=1)).all()
    assert np.corrcoef(phantom.factors["severity"], phantom.factors["osteophytes"])[0, 1] > 0.5


def test_a_chest_has_as_many_findings_as_labels() -> None:
    phantom = render_phantom("chestxray", 40, seed=3, size=8)
    assert (phantom.factors["findings"] == phantom.labels.sum(axis=1)).all()


def test_lesions_are_where_they_are_said_to_be_and_healthy_heads_have_none() -> None:
    phantom = render_phantom("brainmri", 250, seed=3, size=64)
    healthy = phantom.labels[:, phantom.label_names.index("notumor")] > 0
    assert (np.isnan(phantom.factors["size of the lesion"]) == healthy).all()
    adenoma = phantom.labels[:, phantom.label_names.index("pituitary")] > 0
    x, y = (phantom.factors[f"lesion, {axis}"] for axis in "xy")
    inside = [_mean_around(phantom.images[i], x[i], y[i]) for i in np.flatnonzero(adenoma)]
    mirrored = [_mean_around(phantom.images[i], x[i], -y[i]) for i in np.flatnonzero(adenoma)]
    assert np.mean(inside) > np.mean(mirrored) + 20


def test_an_optic_disc_is_where_it_is_said_to_be() -> None:
    phantom = render_phantom("fundus", 60, seed=3, size=64)
    x, y = (phantom.factors[f"optic disc, {axis}"] for axis in "xy")
    clear = np.flatnonzero(phantom.factors["severity of faults"] < 0.14)
    inside = [_mean_around(phantom.images[i], x[i], y[i]) for i in clear]
    mirrored = [_mean_around(phantom.images[i], -x[i], y[i]) for i in clear]
    assert np.mean(inside) > np.mean(mirrored) + 20


def _mean_around(image: np.ndarray, x: float, y: float) -> float:
    """Return the mean of 3 x 3 pixels around a point in the frame."""
    size = len(image)
    row, column = (int(np.clip((one + 1) * size / 2, 1, size - 2)) for one in (y, x))
    return float(image[row - 1 : row + 2, column - 1 : column + 2].mean())
