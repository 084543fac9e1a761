"""A source of any size, shrunk to one image size in a single streaming pass: parallel, resumable, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from qaugbench.datasets.formats.archive import below_images
from qaugbench.datasets.formats.pictures import read_picture
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.preprocess import square_pixels
from qaugbench.datasets.shards import Made, Picture, Shards, alone, convert_in_shards
from qaugbench.errors import DataError, first_offenders
from qaugbench.task import canonical_hash

RULES = 2
"""Raised whenever shrunk pictures change, so that shards made before are not taken for new ones."""
COMPRESS_LEVEL = 1
"""zlib level for PNG: a quarter of the default's time for an eighth more bytes; the pixels are the same."""


def prepare_at_scale(
    path: Path,
    pictures: Iterable[tuple[str, Picture]],
    rows: Sequence[Mapping[str, object]],
    manifest: Mapping[str, Any],
    *,
    size: int,
    channels: int,
    key: str,
    jobs: int = 1,
) -> dict[str, Any]:
    """Write a prepared .zip or folder of images of at most ``size`` px to ``path`` and return its manifest.

    ``pictures`` gives (filename, picture) in any order, in one pass, for instance straight from a .tar.gz; ``rows`` are
    those of labels.csv. Pictures without a row are skipped unread; a row without a picture raises DataError, as does
    any picture that cannot be decoded. ``key`` identifies the content of the pictures (a checksum of the archives), so
    that an interrupted call resumes with its finished shards. The bytes written do not depend on ``jobs`` or on
    interruptions. Loaded at ``size``, the pixels are those of the full images.
    """
    path = Path(path)
    if path.exists():
        raise DataError(f"{path} exists already. Remove it, or write to another path.")
    wanted = {below_images(str(row["filename"])) for row in rows}
    named = ((below_images(name), picture) for name, picture in pictures)
    wanted_pictures = ((name, picture) for name, picture in named if name in wanted)
    shrink = partial(shrunk, size=size, channels=channels)
    with in_shards(shrink, wanted_pictures, shards_beside(path, [key, size, channels]), jobs=jobs) as shards:
        missing = sorted(wanted - set(shards))
        if missing:
            raise DataError(
                f"{len(missing)} of {len(rows)} images that the labels name are not among the files: "
                f"{first_offenders(missing)}. Add the files or remove the rows."
            )
        images = (shards.read(below_images(str(row["filename"]))) for row in rows)
        return write_prepared(path, images, rows, {**manifest, "image_size": size})


@contextmanager
def in_shards(
    function: Callable[[Any], bytes], pictures: Iterable[tuple[str, Picture]], folder: Path, *, jobs: int | None = 1
) -> Iterator[Shards]:
    """Yield ``function`` of every picture, by name; finished shards stay in ``folder`` until the block succeeds.

    ``function`` turns a picture's content into an encoded file, or raises DataError; it must be importable by name.
    See ``convert_in_shards``.
    """
    with alone(folder):
        shards = convert_in_shards(pictures, partial(_one, function=function), folder, jobs=jobs)
        yield shards
        shards.remove()


def shards_beside(path: Path, identity: Sequence[object]) -> Path:
    """Return the folder of the shards of the source at ``path``; ``identity`` holds all that the pictures depend on."""
    return path.with_name(f".{path.stem}-{canonical_hash([RULES, *identity])[:12]}.shards")


def shrunk(content: bytes, *, size: int, channels: int) -> bytes:
    """Return the image in ``content`` as a PNG of ``size`` x ``size`` pixels, by the rules of ``preprocess``.

    A file that is no larger is returned as it is. Raises DataError if it is not an image.
    """
    image = read_picture(content)
    pixels = square_pixels(image, size, channels)
    if max(image.size) <= size:
        return content
    encoded = io.BytesIO()
    plane = pixels[..., 0] if channels == 1 else pixels
    Image.fromarray(plane).save(encoded, format="PNG", compress_level=COMPRESS_LEVEL)
    return encoded.getvalue()


def _one(name: str, content: Any, *, function: Callable[[Any], bytes]) -> list[Made]:
    return [Made(name, function(content))]
