"""Twins are found in every orientation and contrast: against all pairs, and by what was planted."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import pdist, squareform

from qaugbench.datasets.audit import near_duplicate_pairs
from qaugbench.datasets.audit.candidates import near_pairs
from qaugbench.datasets.audit.invariants import invariants, largest_product, low_frequencies, unit_pictures
from qaugbench.datasets.audit.local_agreement import local_agreement
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.errors import DataError
from qaugbench.orientations import oriented


def pictures(n, seed, size=32, smooth=1.5):
    """Return uint8 [n, size, size] of smooth noise: like radiographs, most of it is low frequencies."""
    noise = np.random.default_rng(seed).standard_normal((n, size, size))
    field = gaussian_filter(noise, (0, smooth, smooth))
    field -= field.min(axis=(1, 2), keepdims=True)
    return (field / field.max(axis=(1, 2), keepdims=True) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def phantoms():
    return render_phantom("chestxray", 90, 5, 128).images[:120, :, :, 0]


def jpeg(image, quality):
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def resized(image, factor):
    small = Image.fromarray(image).resize((int(factor * len(image)),) * 2, Image.Resampling.BICUBIC)
    return np.asarray(small.resize(image.shape, Image.Resampling.BICUBIC))


def cropped(image, pixels):
    inner = Image.fromarray(np.ascontiguousarray(image[pixels:-pixels, pixels:-pixels]))
    return np.asarray(inner.resize(image.shape, Image.Resampling.BILINEAR))


CHANGES = {
    "rotated": lambda image: np.rot90(image, 1),
    "mirrored": lambda image: image[:, ::-1],
    "transposed": lambda image: image.T,
    "contrast 0.7": lambda image: (image * 0.7 + 20).astype(np.uint8),
    "brightness +25": lambda image: np.clip(image.astype(int) + 25, 0, 255).astype(np.uint8),
    "gamma 1.3": lambda image: (255 * (image / 255) ** 1.3).astype(np.uint8),
    "gamma 0.75": lambda image: (255 * (image / 255) ** 0.75).astype(np.uint8),
    "inverted": lambda image: 255 - image,
    "mirrored, inverted, gamma": lambda image: 255 - (255 * (image[::-1] / 255) ** 1.2).astype(np.uint8),
    "jpeg 50": lambda image: jpeg(image, 50),
    "jpeg 25, rotated": lambda image: np.rot90(jpeg(image, 25), 3),
    "half size": lambda image: resized(image, 0.5),
}


@pytest.mark.parametrize("change", CHANGES)
def test_planted_twins_are_found_and_nothing_else(phantoms, change):
    twins = np.stack([CHANGES[change](image) for image in phantoms[:40]])
    found = near_duplicate_pairs(np.concatenate([phantoms, twins]))
    planted = {(i, len(phantoms) + i) for i in range(40)}
    hits = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert len(hits & planted) >= 38  # recall of at least 95 %
    assert hits <= planted  # precision 100 %


def test_a_crop_of_three_percent_is_beyond_the_search(phantoms):
    twins = np.stack([cropped(image, 4) for image in phantoms[:40]])
    assert len(near_duplicate_pairs(np.concatenate([phantoms, twins]))) <= 4  # documented: crops are not found


@pytest.mark.parametrize("smooth", [1.0, 4.0])
def test_no_pair_above_the_threshold_is_missed(smooth):
    images = pictures(150, 2, smooth=smooth)
    rng = np.random.default_rng(0)
    for i in range(40):
        noisy = oriented(images[i], int(rng.integers(8))).astype(float) + rng.normal(0, rng.uniform(0, 4), (32, 32))
        images[60 + i] = np.clip(noisy, 0, 255).astype(np.uint8)
    flat = [np.array([oriented(image, o).ravel() for image in images], dtype=float) for o in range(8)]
    brute = np.max([np.abs(np.corrcoef(flat[0], turned)[:150, 150:]) for turned in flat], axis=0)
    i, j = np.nonzero(np.triu(brute > 0.998, 1))
    found = near_duplicate_pairs(images)
    strict = np.abs(found.correlation) > 0.998
    assert len(i) > 20
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == set(
        zip(found.first[strict].tolist(), found.second[strict].tolist(), strict=True)
    )
    np.testing.assert_allclose(np.abs(found.correlation), brute[found.first, found.second], atol=1e-5)


def test_orientation_turns_the_second_into_the_first():
    image = pictures(1, 3)[0]
    for orientation in range(8):
        pair = near_duplicate_pairs(np.stack([oriented(image, orientation), image]))
        assert pair.orientation.tolist() == [orientation]
        assert (oriented(image, pair.orientation[0]) == oriented(image, orientation)).all()


def test_copies_are_paired_with_the_first_of_them_only():
    images = pictures(3, 4)[[0, 1, 0, 0, 2, 1]]
    found = near_duplicate_pairs(images)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 2), (0, 3), (1, 5)]
    assert set(found.kind) == {"identical pixels"}


def test_constant_images_have_no_twins_but_their_copies():
    images = np.stack([np.full((32, 32), level, np.uint8) for level in (0, 9, 9, 200)])
    found = near_duplicate_pairs(images)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(1, 2)]


def test_colour_images_are_compared_in_grey():
    images = np.repeat(pictures(2, 5)[..., None], 3, axis=3)
    assert len(near_duplicate_pairs(np.concatenate([images, images[:1, ::-1]]))) == 1


@pytest.mark.parametrize("pixels", [np.zeros((2, 8, 8)), np.zeros((2, 8, 9), np.uint8), np.zeros((8, 8), np.uint8)])
def test_other_arrays_are_refused(pixels):
    with pytest.raises(DataError, match="uint8"):
        near_duplicate_pairs(pixels)


def test_a_threshold_out_of_range_is_refused():
    with pytest.raises(DataError, match=r"0\.5"):
        near_duplicate_pairs(np.zeros((2, 8, 8), np.uint8), threshold=0.5)


def test_no_images_have_no_pairs():
    assert len(near_duplicate_pairs(np.zeros((0, 32, 32), np.uint8))) == 0


@given(st.integers(0, 10**6), st.integers(0, 7), st.booleans())
def test_the_description_is_the_same_for_all_orientations_and_never_further_apart(seed, orientation, inverted):
    one, other = unit_pictures(pictures(2, seed))
    turned = -oriented(other, orientation) if inverted else oriented(other, orientation)
    described = invariants(low_frequencies(np.stack([one, other, turned])))
    np.testing.assert_allclose(described[1], described[2], atol=1e-5)
    assert np.linalg.norm(described[0] - described[1]) <= np.linalg.norm(one - turned) + 1e-5


def test_the_largest_product_is_that_over_all_orientations():
    first, second = (low_frequencies(unit_pictures(pictures(20, seed))) for seed in (6, 7))
    full = np.zeros((20, 32, 32), np.float32)
    full[:, :8, :8] = second
    turned = [dctn(oriented(idctn(full, axes=(1, 2), norm="ortho"), o), axes=(1, 2), norm="ortho") for o in range(8)]
    expected = np.max([np.abs((first * t[:, :8, :8]).sum(axis=(1, 2))) for t in turned], axis=0)
    np.testing.assert_allclose(largest_product(first, second), expected, atol=1e-5)


@pytest.mark.parametrize("dimensions", [3, 40])
def test_near_pairs_are_those_of_all_distances(dimensions):
    points = np.random.default_rng(1).standard_normal((400, dimensions))
    apart = np.sort(pdist(points))
    gap = 1000 + np.argmax(np.diff(apart[1000:1500]))  # no distance within rounding of the radius
    radius = apart[gap]
    found = np.concatenate(list(near_pairs(points, radius)))
    i, j = np.nonzero(np.triu(squareform(pdist(points)) <= radius, 1))
    assert sorted(map(tuple, found.tolist())) == sorted(zip(i.tolist(), j.tolist(), strict=True))


def test_near_pairs_come_in_small_batches_from_many_blocks(monkeypatch):
    for name, size in (("ROWS", 16), ("COLUMNS", 64), ("BATCH", 500)):
        monkeypatch.setattr(f"qaugbench.datasets.audit.candidates.{name}", size)
    batches = list(near_pairs(np.zeros((200, 4)), 1.0))
    assert len({tuple(pair) for batch in batches for pair in batch.tolist()}) == 200 * 199 // 2
    assert sum(map(len, batches)) == 200 * 199 // 2
    assert max(map(len, batches)) <= 500


def test_local_agreement_ignores_tone_and_sees_other_detail():
    images = pictures(2, 8, size=48).astype(float)
    gamma = 255 * (images / 255) ** 1.4
    assert (local_agreement(images, gamma) > 0.98).all()
    assert abs(local_agreement(images[:1], images[1:])[0]) < 0.5
    assert np.isnan(local_agreement(np.zeros((1, 48, 48)), np.zeros((1, 48, 48)))[0])
