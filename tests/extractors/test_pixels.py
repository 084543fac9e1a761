"""Principal components of pixels against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from qaugbench.errors import DataError
from qaugbench.extractors.pixels import pixel_components


def some_images(n: int, side: int = 8, channels: int = 1, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = rng.normal(size=(n, 5)) @ rng.normal(size=(5, side * side * channels))
    return (
        np.clip(128 + 30 * smooth + rng.normal(size=smooth.shape), 0, 255)
        .astype(np.uint8)
        .reshape(n, side, side, channels)
    )


def test_features_are_those_of_scikit_learn() -> None:
    images, others = some_images(40), some_images(7, seed=1)
    ours = pixel_components(images, 4).features(others)
    fitted = PCA(4, svd_solver="full").fit(images.reshape(40, -1) / 255.0)
    theirs = fitted.transform(others.reshape(7, -1) / 255.0)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-4)
    assert ours.dtype == np.float32


@pytest.mark.parametrize(("side", "channels", "n"), [(8, 3, 20), (128, 1, 3), (100, 3, 5)])
def test_colour_large_and_few_images(side: int, channels: int, n: int) -> None:
    images = some_images(n, side, channels)
    extractor = pixel_components(images)
    found = extractor.features(images)
    assert found.shape[0] == n
    assert 1 <= found.shape[1] <= n - 1
    assert ("means" in extractor.provenance.resize) == (side > 64)
    assert extractor.provenance.weights_sha256 != pixel_components(images[::-1][:-1]).provenance.weights_sha256


def test_one_image_and_other_shapes_are_refused() -> None:
    with pytest.raises(DataError, match="at least two"):
        pixel_components(some_images(1))
    with pytest.raises(DataError, match="cannot be projected"):
        pixel_components(some_images(5)).features(some_images(5, side=9))
