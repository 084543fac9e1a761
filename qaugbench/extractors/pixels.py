"""Principal components of pixels: features without any pretrained weights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from qaugbench.errors import DataError
from qaugbench.extractors.contract import Provenance

LARGEST_SIDE = 64
COMPONENTS = 64


@dataclass(frozen=True, eq=False)
class PixelComponents:
    """Projects images on the principal components of the real images it was fitted to, each scaled to their largest deviation.

    ``mean`` [P] and ``components`` [K, P] are over pixels in [0, 1]; ``block`` is the side of the squares of pixels averaged first.
    """

    mean: np.ndarray
    components: np.ndarray
    shape: tuple[int, ...]
    block: int

    @property
    def provenance(self) -> Provenance:
        """What the features come from; the weights are the components."""
        digest = hashlib.sha256(self.mean.tobytes() + self.components.tobytes()).hexdigest()
        words = "none" if self.block == 1 else f"means of {self.block}x{self.block} pixels"
        return Provenance(f"pixels-pca-{len(self.components)}", digest, words)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return the components float32 [N, K] of images; DataError for images of another shape."""
        if images.shape[1:] != self.shape:
            raise DataError(
                f"Images of {images.shape[1:]} cannot be projected on components of images of {self.shape}."
            )
        return (_flat(images, self.block) - self.mean) @ self.components.T

    def logits(self, features: np.ndarray) -> None:
        """None: components tell no classes."""


def pixel_components(images: np.ndarray, components: int = COMPONENTS) -> PixelComponents:
    """Return the first principal components of uint8 ``images`` [N, H, W, C], at most N - 1 of them, signs fixed.

    Images with a side above 64 pixels are averaged over squares first. Raises DataError for fewer than two images.
    """
    if len(images) < 2:
        raise DataError(f"Principal components need at least two images, not {len(images)}.")
    block = -(-max(images.shape[1:3]) // LARGEST_SIDE)
    flat = _flat(images, block)
    mean = flat.mean(axis=0)
    directions = _first_directions(flat - mean, min(components, len(images) - 1))
    kept = len(directions)
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(kept), largest])
    return PixelComponents(mean, np.ascontiguousarray(directions * signs[:, None]), images.shape[1:], block)


def _first_directions(centred: np.ndarray, most: int) -> np.ndarray:
    """Return the directions [K, P] of the largest variance of ``centred`` [N, P], at most ``most``; one if there is none.

    They are found from the smaller of the two matrices of products, in double precision, which takes a small part of the time
    of a singular value decomposition.
    """
    wide = centred.astype(np.float64)
    by_rows = len(wide) <= wide.shape[1]
    products = wide @ wide.T if by_rows else wide.T @ wide
    size = len(products)
    variances, vectors = eigh(products, subset_by_index=[max(0, size - most), size - 1])
    variances, vectors = variances[::-1], vectors[:, ::-1]
    kept = int((variances > variances[0] * 1e-12).sum()) or 1
    directions = (wide.T @ vectors[:, :kept] if by_rows else vectors[:, :kept]).T
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    return (directions / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _flat(images: np.ndarray, block: int) -> np.ndarray:
    """Return images as rows of float32 values in [0, 1], averaged over squares of ``block`` pixels; what is over is cut off."""
    n, height, width, channels = images.shape
    rows, columns = height // block, width // block
    cut = images[:, : rows * block, : columns * block].astype(np.float32) / 255
    return cut.reshape(n, rows, block, columns, block, channels).mean(axis=(2, 4)).reshape(n, -1)
