"""The audit's recall on planted defects, its time and its memory, compared with all pairs and with perceptual hashes.

    OMP_NUM_THREADS=1 python benchmarks/audit.py [--images 112120] [--subset 6000] [--jobs 2] [--data ZIP --task kneeoa]

Recall and precision are for 200 twins per change, planted among phantoms of each task (128 pixels). The search runs over
``--images`` drawn thumbnails, as alike as 1,000 chest radiographs were (0.24 % of pairs correlate above 0.9; measured in
the last table), with 1,000 planted twins. For comparison: Pearson correlation of all pairs in eight orientations by blocks
of matrix products on ``--subset`` of the same thumbnails, and, if the package imagehash is installed, its pHash in
eight orientations with all Hamming distances; both scale with the square of the number of images and are extrapolated.
With ``--data`` the whole audit of a prepared source is timed. Seconds are CPU time of this process; for the whole
audit, wall-clock time, CPU time of all processes, and the peak memory of the largest.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.fft import idctn
from scipy.ndimage import gaussian_filter

from qaugbench.datasets.audit import audit, near_duplicate_pairs
from qaugbench.datasets.audit.burnt_in_text import letters_at_border
from qaugbench.datasets.audit.invariants import unit_pictures
from qaugbench.datasets.audit.near_duplicates import ALTERED, SAME, same_pictures
from qaugbench.datasets.audit.scan import scan
from qaugbench.datasets.audit.unusable import inverted_images
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.datasets.prepared import open_prepared
from qaugbench.definitions import task
from qaugbench.orientations import oriented

TASKS = ("brainmri", "chestxray", "fundus", "kneeoa")
TWINS = 200
PLANTED = 1000
GROUP = 2000

Change = Callable[[np.ndarray], np.ndarray]


def jpeg(quality: int) -> Change:
    def change(image: np.ndarray) -> np.ndarray:
        content = io.BytesIO()
        Image.fromarray(image).save(content, "JPEG", quality=quality)
        return np.asarray(Image.open(content))

    return change


def gamma(power: float) -> Change:
    return lambda image: (255 * (image / 255) ** power).round().astype(np.uint8)


def linear(gain: float, offset: float) -> Change:
    return lambda image: np.clip((image - 128.0) * gain + 128 + offset, 0, 255).round().astype(np.uint8)


def resized(factor: float) -> Change:
    def change(image: np.ndarray) -> np.ndarray:
        small = Image.fromarray(image).resize((round(factor * len(image)),) * 2, Image.Resampling.BICUBIC)
        return np.asarray(small.resize(image.shape, Image.Resampling.BICUBIC))

    return change


def cropped(share: float) -> Change:
    def change(image: np.ndarray) -> np.ndarray:
        cut = max(1, round(share * len(image)))
        inner = Image.fromarray(np.ascontiguousarray(image[cut:-cut, cut:-cut]))
        return np.asarray(inner.resize(image.shape, Image.Resampling.BILINEAR))

    return change


def turned(degrees: float) -> Change:
    return lambda image: np.asarray(Image.fromarray(image).rotate(degrees, Image.Resampling.BILINEAR))


CHANGES: dict[str, Change] = {
    "rotated by 90": lambda image: np.rot90(image),
    "mirrored": lambda image: image[:, ::-1],
    "inverted": lambda image: 255 - image,
    "contrast x 0.7": linear(0.7, 0),
    "contrast x 1.2, clipped": linear(1.2, 0),
    "contrast x 1.5, clipped": linear(1.5, 0),
    "brightness + 25": linear(1, 25),
    "brightness - 25": linear(1, -25),
    "gamma 0.75": gamma(0.75),
    "gamma 1.3": gamma(1.3),
    "gamma 1.6": gamma(1.6),
    "JPEG quality 50": jpeg(50),
    "JPEG quality 20": jpeg(20),
    "half size and back": resized(0.5),
    "blurred, sigma 1": lambda image: gaussian_filter(image, 1.0),
    "crop of 1 % a side": cropped(0.01),
    "crop of 2 % a side": cropped(0.02),
    "turned by 1 degree": turned(1),
}


def grey_phantoms(task_id: str, patients: int) -> np.ndarray:
    """Return uint8 [N, 128, 128] of a phantom, in grey."""
    images = render_phantom(task_id, patients, 77, 128).images
    return np.stack([np.asarray(Image.fromarray(image.squeeze()).convert("L")) for image in images])


def planted_changes(pictures: dict[str, np.ndarray]) -> None:
    """Print recall and precision of every change, by task."""
    print(f"\nnear-duplicates, {TWINS} planted per change: recall / precision")
    print(f"{'':<26}" + "".join(f"{name:>16}" for name in pictures))
    for name, change in CHANGES.items():
        cells = []
        for images in pictures.values():
            twins = np.stack([change(image) for image in images[:TWINS]])
            found = near_duplicate_pairs(np.concatenate([images, twins]))
            hits = (found.second - len(images) == found.first).sum()
            cells.append(f"{hits / len(twins):.2f} / {hits / max(len(found), 1):.2f}" if len(found) else "0.00 / -")
        print(f"{name:<26}" + "".join(f"{cell:>16}" for cell in cells))


def planted_text(pictures: dict[str, np.ndarray]) -> None:
    """Print recall of words written at the border, and how many untouched images are flagged."""
    words, places = ("PORTABLE", "SUPINE AP", "A0123", "12-03-1999"), ((2, 1), (50, 2), (2, 105), (45, 104))
    print("\ntext at the border: flagged of those written on, by letter size; flagged of the others")
    for name, images in pictures.items():
        cells = []
        for size in (9, 11, 14, 18):
            hits = 0
            for number, image in enumerate(images[:TWINS]):
                picture = Image.fromarray(image)
                font = ImageFont.load_default(size)
                ImageDraw.Draw(picture).text(places[number // 4 % 4], words[number % 4], fill=255, font=font)
                hits += letters_at_border(np.asarray(picture)) > 0
            cells.append(f"{size} px {hits / TWINS:.2f}")
        false = np.mean([letters_at_border(image) > 0 for image in images])
        print(f"  {name:<12} {'  '.join(cells)}   others {false:.3f}")


def planted_inversions(patients: int) -> None:
    """Print recall and precision of inverted images among the phantoms of each task."""
    print("\ninverted images, 2 % planted: recall / precision")
    for name in TASKS:
        phantom = render_phantom(name, patients, 78, 64)
        planted = np.random.default_rng(0).permutation(len(phantom.images))[: round(0.02 * len(phantom.images))]
        phantom.images[planted] = 255 - phantom.images[planted]
        with tempfile.TemporaryDirectory() as folder:
            write_prepared(Path(folder) / "a.zip", phantom.images, phantom.rows, {})
            found = inverted_images(scan(open_prepared(Path(folder) / "a.zip", task(name).labels)))
        hits = len(np.intersect1d(found, planted))
        print(f"  {name:<12} {hits / len(planted):.2f} / {hits / max(len(found), 1):.2f}")


def drawn_thumbnails(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return thumbnails [N, 32, 32], details [N, 48, 48] and which of them [1000, 2] are planted twins."""
    rng = np.random.default_rng(1)
    frequency = np.hypot(*np.meshgrid(np.arange(48), np.arange(48)))
    amplitude = (1 + frequency) ** -1.7
    common = rng.standard_normal((48, 48)) * amplitude * 1.8
    details = np.concatenate(list(_fields(n, rng, amplitude, common)))
    twins = np.sort(rng.permutation(n)[: 2 * PLANTED].reshape(PLANTED, 2), axis=1)
    for first, second in twins:
        picture = oriented(details[first], int(rng.integers(8))).astype(float)
        picture = 255 * (picture / 255) ** rng.uniform(0.8, 1.25) * rng.uniform(0.8, 1.0) + rng.uniform(0, 20)
        details[second] = np.clip(picture + rng.normal(0, 1, picture.shape), 0, 255).round()
    thumbnails = np.stack(
        [np.asarray(Image.fromarray(one).resize((32, 32), Image.Resampling.BILINEAR)) for one in details]
    )
    return thumbnails, details, twins


def _fields(n: int, rng: np.random.Generator, amplitude: np.ndarray, common: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, n, GROUP):
        coefficients = rng.standard_normal((min(GROUP, n - start), 48, 48), dtype=np.float32) * amplitude + common
        coefficients[:, 0, 0] = 0
        field = idctn(coefficients.astype(np.float32), axes=(1, 2), norm="ortho")
        field *= 45 / field.std(axis=(1, 2), keepdims=True)
        yield np.clip(field + 128, 0, 255).astype(np.uint8)


def all_pairs(thumbnails: np.ndarray) -> tuple[float, int]:
    """Return (seconds, pairs above ``SAME``) of correlating all pairs in eight orientations, by blocks."""
    start = time.process_time()
    units = unit_pictures(thumbnails)
    flat = units.reshape(len(units), -1)
    above = np.zeros((len(flat), len(flat)), dtype=bool)
    for orientation in range(8):
        other = np.ascontiguousarray(oriented(units, orientation)).reshape(len(units), -1).T
        for row in range(0, len(flat), GROUP):
            above[row : row + GROUP] |= np.abs(flat[row : row + GROUP] @ other) > SAME
    return time.process_time() - start, int(np.triu(above, 1).sum())


def perceptual_hashes(details: np.ndarray, twins: np.ndarray, limit: int = 6) -> tuple[float, float, int] | None:
    """Return (seconds of hashing and of comparing, recall, other pairs) of imagehash's pHash within 6 bits, or None."""
    if importlib.util.find_spec("imagehash") is None:
        return None
    import imagehash

    start = time.process_time()
    bits = np.stack(
        [
            [
                np.packbits(imagehash.phash(Image.fromarray(np.ascontiguousarray(oriented(one, o)))).hash)
                for o in range(8)
            ]
            for one in details
        ]
    ).view(np.uint64)[..., 0]
    hashed = time.process_time() - start
    start = time.process_time()
    near = np.zeros((len(bits), len(bits)), dtype=bool)
    for orientation in range(8):
        for row in range(len(bits)):
            near[row] |= np.bitwise_count(bits[row, 0] ^ bits[:, orientation]) <= limit
    compared = time.process_time() - start
    near = np.triu(near, 1)
    hits = near[twins[:, 0], twins[:, 1]].sum()
    print(f"  imagehash: {1e3 * hashed / len(bits):.2f} ms per image to hash, {compared:.1f} s to compare")
    return hashed + compared, hits / len(twins), int(near.sum() - hits)


def search_at_scale(n: int, subset: int) -> None:
    """Print seconds, memory and recall of the search, and of the alternatives on a subset."""
    thumbnails, details, twins = drawn_thumbnails(n)
    sample = unit_pictures(thumbnails[:3000]).reshape(3000, -1)
    alike = (np.triu(sample @ sample.T, 1) > 0.9).sum() / (3000 * 2999 / 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    found = same_pictures(thumbnails, details)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    planted = set(map(tuple, twins.tolist()))
    hits = len(planted & set(zip(found.first.tolist(), found.second.tolist(), strict=True)))
    print(f"\nsearch of {n:,} thumbnails, {PLANTED} planted twins ({100 * alike:.2f} % of pairs correlate above 0.9)")
    print(
        f"  this search: {seconds:.0f} s, recall {hits / PLANTED:.3f}, {len(found) - hits} other pairs above {ALTERED}"
    )
    print(f"  peak memory of the process {peak / 1024:.0f} MB, {before / 1024:.0f} MB of it before the search")
    inside = (twins < subset).all(axis=1)
    took, above = all_pairs(thumbnails[:subset])
    print(f"  all pairs by matrix products: {took:.0f} s for {subset:,} ({above} pairs above {SAME}), ", end="")
    print(f"so {took * (n / subset) ** 2:,.0f} s for {n:,} ({took * (n / subset) ** 2 / seconds:,.0f} times as long)")
    few = min(subset, 4000)
    inside = twins[(twins < few).all(axis=1)]
    if len(inside) < 20:  # too few of the planted ones are in the subset: plant some there
        inside = np.stack([np.arange(100), few - 1 - np.arange(100)], axis=1)
        details[inside[:, 1]] = [linear(0.8, 8)(oriented(details[i], int(i) % 8)) for i in inside[:, 0]]
    hashes = perceptual_hashes(details[:few], inside)
    if hashes is None:
        print("  imagehash is not installed: not compared")
        return
    print(f"  imagehash pHash within 6 bits: recall {hashes[1]:.3f}, {hashes[2]} other pairs among {few:,}")


def whole_audit(path: Path, task_id: str, jobs: int) -> None:
    """Print the report on a prepared source with wall-clock seconds, CPU seconds and peak memory."""
    definition = task(task_id)
    start = time.perf_counter()
    report = audit(open_prepared(path, definition.labels), definition, jobs=jobs)
    wall = time.perf_counter() - start
    print(f"\n{report.text()}")
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"  {report.n_images:,} images, {jobs} processes: {wall:.1f} s; {own.ru_utime:.1f} s CPU of this process")
    print(f"  peak memory: this process {own.ru_maxrss / 1024:.0f} MB, largest other {others.ru_maxrss / 1024:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=112_120)
    parser.add_argument("--subset", type=int, default=6000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--task", default="kneeoa")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}")
    if options.data:
        whole_audit(options.data, options.task, options.jobs)
        return
    pictures = {name: grey_phantoms(name, 200) for name in TASKS}
    planted_changes(pictures)
    planted_text(pictures)
    planted_inversions(300)
    search_at_scale(options.images, options.subset)


if __name__ == "__main__":
    main()
