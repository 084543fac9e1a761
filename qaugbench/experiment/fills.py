"""What the control arms put into the synthetic slots: pure functions from images, labels and a seed to images and labels.

Images are uint8 [N, H, W, C], labels float32 [N, K] of 0 and 1. Each function answers one question about a gain; which, is said
beside its arm in ``control_arms``.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from qaugbench.errors import DataError, first_offenders
from qaugbench.seeds import numpy_generator

Filled = tuple[np.ndarray, np.ndarray]
FEWEST = 5
"""Fewest images that make a mean of their own: one over fewer shows a particular patient, and a placebo must not."""


def class_mean_and_noise(images: np.ndarray, labels: np.ndarray, wanted: np.ndarray, seed: int) -> Filled:
    """Return one image per row of ``wanted`` [n, K]: the mean image of its label vector plus Gaussian noise, and ``wanted``.

    The noise is independent from pixel to pixel with the standard deviation that the pixel has over the images of that vector
    (see ``mean_and_deviation``); values are rounded and clipped to 0..255.
    """
    noise = numpy_generator(seed)
    moments = {vector: mean_and_deviation(images, labels, np.array(vector)) for vector in set(map(tuple, wanted))}
    made = np.empty((len(wanted), *images.shape[1:]), dtype=np.uint8)
    for place, vector in enumerate(map(tuple, wanted)):
        mean, deviation = moments[vector]
        made[place] = _eight_bit(mean + deviation * noise.standard_normal(mean.shape))
    return made, wanted


def mean_and_deviation(images: np.ndarray, labels: np.ndarray, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean image and the standard deviation of each pixel, float64 [H, W, C], within one label ``vector`` [K].

    They are taken over the images that have exactly this vector. Where fewer than ``FEWEST`` have it, they fall back to its
    labels one by one: the average of the mean images of all that have a label (of all images for a vector without labels),
    with the root of the average of their variances. Where labels exclude one another that is the same set of images, so a
    class keeps what it has, however small. Raises DataError for a label without any image.
    """
    same = (labels == vector).all(axis=1)
    if same.sum() >= FEWEST:
        return _moments(images[same])
    positive = np.flatnonzero(vector)
    members = [labels[:, label] > 0 for label in positive] or [np.ones(len(labels), dtype=bool)]
    if not all(member.any() for member in members):
        raise DataError(f"No training image has all labels of {first_offenders(positive)}, so there is no mean image.")
    means, deviations = zip(*(_moments(images[member]) for member in members), strict=True)
    return np.mean(means, axis=0), np.sqrt(np.mean(np.square(deviations), axis=0))


def shuffled_labels(images: np.ndarray, labels: np.ndarray, seed: int) -> Filled:
    """Return the same images in the same order, with their label vectors in a random order."""
    return images, labels[numpy_generator(seed).permutation(len(labels))]


def lower_resolution(images: np.ndarray, labels: np.ndarray, side: int) -> Filled:
    """Return the images shrunk to ``side`` pixels by area averages and enlarged again (bicubic), with their labels.

    Both steps round to 8 bits, as an image of that size would be stored. Raises DataError for a side below 1 or one that takes
    nothing away.
    """
    size = images.shape[1]
    if not 1 <= side < size:
        raise DataError(f"Images of {size} pixels per side can be shrunk to 1 to {size - 1} pixels; given {side}.")
    return np.stack([_through(image, side) for image in images]), labels


def copied_images(images: np.ndarray, labels: np.ndarray, wanted: np.ndarray, seed: int) -> Filled:
    """Return for each row of ``wanted`` [n, K] a random one of the images that have exactly this label vector, and ``wanted``.

    Raises DataError for a vector that no image has.
    """
    draw = numpy_generator(seed)
    having = {vector: np.flatnonzero((labels == vector).all(axis=1)) for vector in set(map(tuple, wanted))}
    lacking = [vector for vector, rows in having.items() if not len(rows)]
    if lacking:
        raise DataError(f"No training image has the label vectors {first_offenders(lacking)}.")
    rows = np.array([draw.choice(having[vector]) for vector in map(tuple, wanted)], dtype=np.int64)
    return images[rows], wanted


def _moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return images.mean(axis=0, dtype=np.float64), images.std(axis=0, dtype=np.float64)


def _eight_bit(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _through(image: np.ndarray, side: int) -> np.ndarray:
    size = (image.shape[1], image.shape[0])
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    small = picture.resize((side, side), Image.Resampling.BOX)
    return np.asarray(small.resize(size, Image.Resampling.BICUBIC), dtype=np.uint8).reshape(image.shape)
