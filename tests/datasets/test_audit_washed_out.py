"""What all photographs of one camera share makes no twins of them; what is a twin is found in front of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from qaugbench.datasets.audit.duplicates import find_pairs
from qaugbench.datasets.audit.image_facts import image_facts
from qaugbench.datasets.audit.near_duplicates import near_duplicate_pairs
from qaugbench.datasets.audit.scan import _columns
from qaugbench.datasets.audit.turned_copies import turned_hash

HEIGHT, WIDTH = 142, 190
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]


def aperture(radius: float) -> np.ndarray:
    return radius**2 > (ROWS - HEIGHT / 2) ** 2 + (COLUMNS - WIDTH / 2) ** 2


def washed_out(seed: int, radius: float, frame: float) -> np.ndarray:
    """Return a bright field with a faint gradient and noise, cut by a round aperture on a dark frame."""
    rng = np.random.default_rng(seed)
    down, across = rng.uniform(-10, 10, 2)
    field = 247 + across * (COLUMNS / WIDTH - 0.5) + down * (ROWS / HEIGHT - 0.5) + rng.normal(0, 1, ROWS.shape)
    around = rng.normal(frame, frame / 8 + 0.1, ROWS.shape)
    return np.where(aperture(radius), field, around).clip(0, 255).astype(np.uint8)


def photograph(seed: int, radius: float, frame: float) -> np.ndarray:
    """Return a field with structure behind the same aperture."""
    rng = np.random.default_rng([seed, 7])
    coarse = Image.fromarray(rng.integers(60, 180, (7, 9), dtype=np.uint8))
    field = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    return np.where(aperture(radius), field, np.uint8(frame))


def encoded(pixels: np.ndarray, form: str = "PNG", **options: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(content, form, **options)
    return content.getvalue()


def pairs_of(contents: list[bytes]) -> set[tuple[int, int]]:
    found = find_pairs(_columns([image_facts(content) for content in contents]))
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize("radius", [60, 75, 113])
@pytest.mark.parametrize("frame", [0, 25, 40])
def test_washed_out_photographs_behind_one_aperture_are_no_twins(radius: float, frame: float) -> None:
    assert pairs_of([encoded(washed_out(seed, radius, frame)) for seed in range(12)]) == set()


@pytest.mark.parametrize("frame", [0, 25])
@pytest.mark.parametrize("radius", [60, 113])
def test_twins_behind_an_aperture_are_found(radius: float, frame: float) -> None:
    images = [photograph(seed, radius, frame) for seed in range(8)]
    twins = [
        encoded(images[0]),
        encoded(images[1], "JPEG", quality=60),
        encoded(images[2][:, ::-1]),
        encoded(np.rot90(images[3])),
        encoded(np.rot90(images[4][::-1]), "JPEG", quality=80),
        encoded((images[5] * 0.8 + 10).astype(np.uint8)),
    ]
    assert pairs_of([*map(encoded, images), *twins]) == {(i, len(images) + i) for i in range(len(twins))}


def test_a_washed_out_photograph_is_still_known_from_its_copy_in_any_orientation() -> None:
    images = [washed_out(seed, 75, 25) for seed in range(4)]
    twins = [images[0], np.rot90(images[1]), images[2][:, ::-1], np.rot90(images[3][::-1], 3)]
    found = find_pairs(_columns([image_facts(encoded(image)) for image in (*images, *twins)]))
    assert list(zip(found.first, found.second, strict=True)) == [(0, 4), (1, 5), (2, 6), (3, 7)]
    assert found.kind.tolist() == ["identical file", *["same picture"] * 3]
    assert found.orientation.tolist()[:3] == [0, 3, 4]  # what turns the second into the first


def test_padding_of_narrow_images_makes_no_twins() -> None:
    narrow = [np.pad(washed_out(seed, 500, 0)[:, :60], ((0, 0), (41, 41))) for seed in range(8)]
    assert len(near_duplicate_pairs(np.stack([image[:142, :142] for image in narrow]))) == 0


@pytest.mark.parametrize("shape", [(5, 8), (6, 6), (4, 7, 3)])
def test_the_hash_is_that_of_all_orientations_and_of_no_other_picture(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    turned = [np.rot90(flipped, turns) for flipped in (picture, picture[:, ::-1]) for turns in range(4)]
    assert len({turned_hash(image) for image in turned}) == 1
    other = picture.copy()
    other[0, 0] ^= 1
    swapped = picture.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    assert len({turned_hash(image) for image in (picture, other, swapped)}) == 3


def test_symmetric_pictures_have_one_hash_too() -> None:
    picture = np.add.outer([1, 2, 2, 1], [3, 0, 0, 3]).astype(np.uint8)
    assert len({turned_hash(np.rot90(picture, turns)) for turns in range(4)}) == 1
