"""Images per second from 1024 px PNG to a prepared .zip of 224 px, compared with a plain loop.

    OMP_NUM_THREADS=1 python benchmarks/prepare.py [--images 600] [--jobs 2] [--size 224] [--feed 64]

The pictures are drawn, with noise that makes them as large as the PNGs of NIH ChestX-ray14 (about 400 KB). The first
alternative is one process that opens, resizes and saves each with Pillow's defaults; the second decodes and resizes
with torchvision (other pixels: its rounding differs). Wall-clock seconds on an idle machine, and processor milliseconds
per image, which do not depend on other load. ``--feed`` then measures how many images per second one process draws in
batches from the memory-mapped array that a run trains on, with and without the locked augmentation.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from qaugbench.datasets.scale import prepare_at_scale

PIXELS = 1024
DIFFERENT = 24


def main() -> None:
    """Print one row per way of preparing, then one row per way of feeding."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--feed", type=int, default=64, metavar="BATCH")
    chosen = parser.parse_args()
    pictures = drawn_pictures()
    print(
        f"{chosen.images} PNGs of {PIXELS} px, {np.mean([len(p) for p in pictures]) / 1024:.0f} KB each, to {chosen.size} px"
    )
    print(f"{'way':<44}{'images/s':>10}{'CPU ms each':>13}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        stream = lambda: ((f"{i:06d}.png", pictures[i % len(pictures)]) for i in range(chosen.images))  # noqa: E731
        base = timed(lambda: pillow_loop(stream(), chosen.size, here / "loop"), chosen.images)
        shown("Pillow loop, one process", base, base)
        shown(
            "torchvision loop, one process", timed(lambda: torchvision_loop(stream(), chosen.size), chosen.images), base
        )
        for jobs in sorted({1, chosen.jobs}):
            target = here / f"{jobs}.zip"
            shown(
                f"prepare_at_scale, {jobs} process{'es' if jobs > 1 else ''}",
                timed(lambda: prepared(stream(), chosen, target, jobs), chosen.images),  # noqa: B023
                base,
            )
        feed(chosen.size, chosen.feed, here)


def drawn_pictures() -> list[bytes]:
    """Return PNGs of smooth fields with noise of 1.2 grey levels."""
    random = np.random.default_rng(0)
    pictures = []
    for _ in range(DIFFERENT):
        coarse = Image.fromarray(random.integers(20, 236, (9, 9), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((PIXELS, PIXELS), Image.Resampling.BICUBIC), dtype=np.float64)
        noisy = smooth + random.normal(0, 1.2, smooth.shape)
        pictures.append(png(np.clip(noisy, 0, 255).astype(np.uint8)))
    return pictures


def png(pixels: np.ndarray) -> bytes:
    """Return uint8 [H, W] as a PNG with Pillow's defaults."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    return content.getvalue()


def pillow_loop(stream: Iterator[tuple[str, bytes]], size: int, folder: Path) -> None:
    """Open, resize and save every picture into a folder."""
    folder.mkdir()
    for name, content in stream:
        image = Image.open(io.BytesIO(content)).convert("L")
        image.resize((size, size), Image.Resampling.BILINEAR).save(folder / name)


def torchvision_loop(stream: Iterator[tuple[str, bytes]], size: int) -> None:
    """Decode, resize and encode every picture with torchvision."""
    import torch
    from torchvision.io import ImageReadMode, decode_png, encode_png
    from torchvision.transforms.v2.functional import resize

    torch.set_num_threads(1)
    for _, content in stream:
        image = decode_png(torch.frombuffer(bytearray(content), dtype=torch.uint8), ImageReadMode.GRAY)
        encode_png(resize(image, [size, size], antialias=True))


def prepared(stream: Iterator[tuple[str, bytes]], chosen: argparse.Namespace, target: Path, jobs: int) -> None:
    """Write the prepared .zip."""
    rows = [{"filename": f"{i:06d}.png", "label": "a"} for i in range(chosen.images)]
    prepare_at_scale(target, stream, rows, {"name": "drawn"}, size=chosen.size, channels=1, key=str(jobs), jobs=jobs)


def timed(work: Callable[[], None], n: int) -> tuple[float, float]:
    """Return (images per wall-clock second, processor milliseconds per image), finished child processes included."""
    started, spent = time.perf_counter(), sum(os.times()[:4])
    work()
    stop_workers()
    return n / (time.perf_counter() - started), 1000 * (sum(os.times()[:4]) - spent) / n


def stop_workers() -> None:
    """End joblib's idle processes, so that their processor time is known."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


def shown(way: str, measured: tuple[float, float], base: tuple[float, float]) -> None:
    """Print one row."""
    print(f"{way:<44}{measured[0]:>10.0f}{measured[1]:>13.2f}{measured[0] / base[0]:>8.2f}", flush=True)


def feed(size: int, batch: int, folder: Path) -> None:
    """Print how many images per second reach the classifier from a memory map of 8,192 images."""
    import torch

    from qaugbench import definitions
    from qaugbench.datasets.labelled_images import LabelledImages
    from qaugbench.downstream.slots import batches

    torch.set_num_threads(1)
    n = 8192
    stored = np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (n, size, size, 1))
    stored[:] = np.random.default_rng(0).integers(0, 256, stored.shape, dtype=np.uint8)
    images = LabelledImages(
        np.load(folder / "images.npy", mmap_mode="r"), np.ones((n, 1), np.float32), np.arange(n, dtype=np.int64)
    )
    augment = definitions.task("chestxray").tracks["full"].recipe.augment
    print(f"\nOne process feeding batches of {batch} at {size} px from a memory map of {n} images")
    for name, settings in (("drawn and scaled to [0, 1]", None), ("and augmented, on the CPU", augment)):
        supply = batches(images, batch, order_seed=0, augment_seed=0, augment=settings, device="cpu")
        next(supply)
        steps = 20 if settings else 100
        started = time.process_time()
        for _ in range(steps):
            next(supply)
        print(f"{name:<44}{steps * batch / (time.process_time() - started):>10.0f} images a CPU second")


if __name__ == "__main__":
    main()
