"""Every random stream of a replicate, and the only way to make a random generator.

A replicate is named by the task, the content of the data (their hash is the ``source``), the fraction and its number;
its streams are the children, in a fixed order, of ``SeedSequence(BENCH_SEED, spawn_key=...)``. Arms of a replicate
share the streams, so they differ only in what the arm changes (common random numbers). The subset stream does not
depend on the fraction, which makes the subsets of a replicate nested.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

BENCH_SEED = 20_260_918


@dataclass(frozen=True)
class Streams:
    """The seeds of one replicate, each a 63-bit integer. The order of the fields is part of the protocol."""

    subset: int
    gen_fit: int
    gen_sample: int
    init_seed: int
    order_seed: int
    augment_seed: int
    autoencoder: int
    synthetic_labels: int
    fill_order_seed: int
    fill_augment_seed: int


def name_key(name: str) -> int:
    """Return a 32-bit integer for ``name``, the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def replicate_streams(task: str, source: str, fraction: float, replicate: int) -> Streams:
    """Return the seeds of one replicate; ``source`` is the data's content hash, ``fraction`` of the training patients
    in (0, 1]."""
    return _streams((name_key(task), name_key(source)), fraction, replicate)


def tuning_streams(task: str, source: str, fraction: float, replicate: int) -> Streams:
    """Return the seeds of one tuning replicate: as ``replicate_streams``, but none is that of any evaluated replicate."""
    return _streams((name_key("tune"), name_key(task), name_key(source)), fraction, replicate)


def _streams(board: tuple[int, ...], fraction: float, replicate: int) -> Streams:
    with_fraction = _children((*board, round(fraction * 10_000), replicate))
    without_fraction = _children((*board, 0, replicate))
    return Streams(**{**with_fraction, "subset": without_fraction["subset"]})


def _children(spawn_key: tuple[int, ...]) -> dict[str, int]:
    names = [field.name for field in fields(Streams)]
    children = np.random.SeedSequence(BENCH_SEED, spawn_key=spawn_key).spawn(len(names))
    return {
        name: int(child.generate_state(1, np.uint64)[0] >> np.uint64(1))
        for name, child in zip(names, children, strict=True)
    }


def child_seed(seed: int, *keys: int | str) -> int:
    """Return a seed derived from ``seed`` and ``keys``, independent of ``seed`` itself.

    >>> child_seed(1, "twin") == child_seed(1, "twin") != child_seed(1, "frozen")
    True
    """
    spawn_key = tuple(key if isinstance(key, int) else name_key(key) for key in keys)
    return int(np.random.SeedSequence(seed, spawn_key=spawn_key).generate_state(1, np.uint64)[0] >> np.uint64(1))


def numpy_generator(seed: int) -> np.random.Generator:
    """Return a NumPy generator for one stream."""
    return np.random.default_rng(seed)


def torch_generator(seed: int, device: str = "cpu") -> torch.Generator:
    """Return a torch generator for one stream, on ``device``."""
    import torch

    return torch.Generator(device=device).manual_seed(seed)


@contextmanager
def torch_seeded(seed: int) -> Iterator[None]:
    """Run a block with torch seeded by ``seed`` and restore its global state afterwards.

    Only for library code that draws from the global state: weight initialisation in torch, timm and diffusers, and
    dropout. Everything else takes a generator.
    """
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
