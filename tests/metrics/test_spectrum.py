"""Spectra of noise and waves that are known, and what blur, noise, upsampling and checkerboards do to them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from qaugbench.errors import StatisticsError
from qaugbench.metrics import spectrum
from qaugbench.metrics.spectrum import checkerboard_power, compare_spectra, radial_spectra


def _natural(n: int, side: int = 32, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Return images with power that falls with frequency, as images have it."""
    noise = np.random.default_rng(seed).normal(size=(n, side, side, channels))
    return np.clip(128 + 60 * gaussian_filter(noise, (0, 2, 2, 0)) * 4 + 4 * noise, 0, 255)


@pytest.mark.parametrize(("height", "width", "channels"), [(32, 32, 1), (17, 24, 3), (8, 8, 1)])
def test_white_noise_has_its_variance_at_every_frequency(height: int, width: int, channels: int) -> None:
    images = np.random.default_rng(0).uniform(0, 240, (800, height, width, channels))
    found = radial_spectra(images)
    mean = np.mean(10 ** (found.power / 10), axis=0)
    assert found.frequencies == pytest.approx(np.arange(1, min(height, width) // 2 + 1) / min(height, width))
    assert mean[1:] == pytest.approx(240**2 / 12, rel=0.1)  # the first ring also loses to the mean taken off


def test_a_wave_has_its_power_at_its_frequency() -> None:
    wave = 100 + 50 * np.sin(2 * np.pi * 0.25 * np.arange(32))
    across = np.broadcast_to(wave[None, None, :, None], (1, 32, 32, 1))
    found = radial_spectra(across)
    assert found.frequencies[found.power[0].argmax()] == 0.25
    np.testing.assert_allclose(radial_spectra(np.swapaxes(across, 1, 2)).power, found.power, atol=1e-9)
    np.testing.assert_allclose(radial_spectra(across[:, ::-1, ::-1]).power, found.power, atol=1e-9)


def test_contrast_shifts_a_spectrum_and_brightness_does_not() -> None:
    images = np.random.default_rng(0).uniform(0, 200, (20, 16, 16, 1))
    found = compare_spectra(images, images / 2 + 100)
    assert found.difference == pytest.approx(-20 * np.log10(2), abs=0.01)
    assert found.distance == pytest.approx(20 * np.log10(2), abs=0.01)
    assert compare_spectra(images, images).distance == 0


def test_blur_takes_high_frequencies_away_and_noise_adds_them() -> None:
    real, fresh = _natural(40), _natural(40, seed=1)
    noise = np.random.default_rng(2).normal(size=fresh.shape)
    blurred = compare_spectra(real, gaussian_filter(fresh, (0, 1, 1, 0)))
    noisy = compare_spectra(real, np.clip(fresh + 20 * noise, 0, 255))
    honest = compare_spectra(real, fresh)
    assert blurred.high < -5
    assert noisy.high > 5
    assert abs(honest.high) < 0.5
    assert honest.distance < min(blurred.distance, noisy.distance) / 5


@pytest.mark.parametrize("side", [8, 15, 32])
def test_a_faint_checkerboard_is_found_at_its_period(side: int) -> None:
    images = np.clip(_natural(60, side), 20, 235)
    rows, columns = np.arange(side)[:, None, None], np.arange(side)[None, :, None]
    board = images + 4.0 * ((rows + columns) % 2)
    found = compare_spectra(images, board)
    assert found.checkerboard > 1.5
    assert abs(compare_spectra(images[:30], images[30:]).checkerboard) < 1.5
    if side == 32:
        four = images + 6.0 * (rows % 4 == 0)
        assert checkerboard_power(four, 4) - checkerboard_power(images, 4) > 2
        assert abs(checkerboard_power(board, 4) - checkerboard_power(images, 4)) < 0.5


def test_the_half_plane_makes_the_whole() -> None:
    for height, width in ((8, 8), (9, 7), (8, 9)):
        plane = np.random.default_rng(0).normal(size=(height, width))
        half = np.abs(np.fft.rfft2(plane)) ** 2
        np.testing.assert_allclose(spectrum._whole_plane(half, width), np.abs(np.fft.fft2(plane)) ** 2, atol=1e-9)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    images = _natural(12, 16, 3)
    whole = radial_spectra(images).power, checkerboard_power(images)
    monkeypatch.setattr(spectrum, "CHUNK_PIXELS", 2000)
    np.testing.assert_allclose(radial_spectra(images).power, whole[0])
    assert checkerboard_power(images) == pytest.approx(whole[1])


def test_flat_images_have_the_power_of_rounding() -> None:
    assert radial_spectra(np.full((1, 8, 8, 1), 9)).power == pytest.approx(10 * np.log10(1 / 12))


def test_unusable_images_are_refused() -> None:
    images = _natural(12, 16)
    with pytest.raises(StatisticsError, match="at least 10 images of each set; given 12 real and 9"):
        compare_spectra(images, images[:9])
    with pytest.raises(StatisticsError, match="one size and number of channels"):
        compare_spectra(images, np.repeat(images, 3, axis=3))
    with pytest.raises(StatisticsError, match="at least 8 pixels"):
        radial_spectra(images[:, :7])
    with pytest.raises(StatisticsError, match="grey values"):
        radial_spectra(images - 300)
    with pytest.raises(StatisticsError, match="a quarter of the side, 4; given 8"):
        checkerboard_power(images, 8)
