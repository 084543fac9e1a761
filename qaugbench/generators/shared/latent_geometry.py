"""How a fitted generator's images change with the noise that they are drawn from: its Jacobian, by differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from qaugbench.circuits.execution import IDEAL
from qaugbench.errors import QaugbenchError
from qaugbench.generators.contract import DivergedError, Solved
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.model import Model
from qaugbench.seeds import child_seed, torch_generator

WHOLE, SOME = 64, 24
"""Noise of up to ``WHOLE`` numbers is moved along each of them, longer noise along ``SOME`` random directions."""
STEP = 0.02
"""By how much noise is moved in each direction."""
ROUNDING = 10 * float(np.finfo(np.float32).eps)
"""Error of an image relative to its length, in single precision; what changes by less than this did not change."""
WITHOUT_NOISE = "draws around training images, not from a noise vector"
OTHER_NOISE = "draws no random numbers"


class NoLatentError(QaugbenchError):
    """A generator whose images are no function of a vector of noise; the message says why."""


@dataclass(frozen=True)
class NoiseJacobian:
    """``singular_values`` [n, r], descending, of the Jacobian of n images by their noise, along r of its ``dimension`` directions.

    Images are in [-1, 1]; values within rounding errors are 0.
    """

    singular_values: np.ndarray
    dimension: int


@torch.no_grad()
def noise_jacobian(model: Model, labels: np.ndarray, *, seed: int) -> NoiseJacobian:
    """Return the Jacobian's singular values at the noise of the first images that ``seed`` draws for ``labels`` [n, n_labels].

    The noise is the first normal numbers that a draw asks for, or, if it asks for none, the first uniform ones, which keep so
    far from 0 and 1 that moves do not leave [0, 1); later ones stay as they are. It is moved along all of its directions where
    there are at most 64, else along 24 random orthonormal ones. Takes one draw per direction and image, and one more. Raises
    NoLatentError for a generator that is no map of noise.
    """
    if issubclass(model.recipe.kind, Solved):
        raise NoLatentError(WITHOUT_NOISE)
    for number, block in enumerate(model.blocks):
        block.run_under(IDEAL, torch_generator(child_seed(seed, "shots", number)))
    wanted = torch.from_numpy(labels).to(model.space.device)
    call, dimension = _noise_call(model, wanted[:1], seed)
    values = [
        _singular_values(_images(model, wanted[row : row + 1], _moved(seed, row, call, moves)))
        for row, moves in enumerate(_moves(dimension, child_seed(seed, "directions"), len(labels), wanted.device))
    ]
    return NoiseJacobian(np.stack(values), dimension)


def _moves(dimension: int, seed: int, n: int, device: torch.device) -> Iterable[torch.Tensor]:
    """Yield for each of ``n`` images no move and then one along each direction, [r + 1, dimension]."""
    for row in range(n):
        axes = torch.eye(dimension)
        if dimension > WHOLE:
            random = torch.randn(dimension, SOME, generator=torch_generator(child_seed(seed, row)))
            axes = torch.linalg.qr(random).Q.T
        yield torch.cat([torch.zeros(1, dimension), STEP * axes]).to(device)


def _moved(seed: int, row: int, call: int, moves: torch.Tensor) -> RowRandom:
    """Return the random numbers of image ``row`` once per move."""
    return _Moved(RowRandom(seed, [row] * len(moves), moves.device), call, moves)


def _images(model: Model, label: torch.Tensor, random: RowRandom) -> np.ndarray:
    """Return what the generator draws for one label vector [1, n_labels] and moved noise, as float64 [r + 1, pixels]."""
    points = model.generator.draw(label.expand(len(random), -1).contiguous(), random)
    images: np.ndarray = model.space.to_pixels(points).flatten(1).double().cpu().numpy()
    if not np.isfinite(images).all():
        raise DivergedError("An image drawn from noise that was moved is not finite.")
    return images


def _singular_values(images: np.ndarray) -> np.ndarray:
    """Return the singular values [r] of the change of ``images`` [r + 1, pixels] from the first, per unit of the moves."""
    values: np.ndarray = np.linalg.svd((images[1:] - images[0]) / STEP, compute_uv=False)
    return np.where(values < ROUNDING * np.linalg.norm(images[0]) / STEP, 0.0, values)


def _noise_call(model: Model, label: torch.Tensor, seed: int) -> tuple[int, int]:
    """Return which of its calls for random numbers gives a generator its noise, and how many numbers that are."""
    random = _Recording(seed, label.device)
    model.generator.draw(label, random)
    kinds = [kind for kind, _ in random.calls]
    if not kinds:
        raise NoLatentError(OTHER_NOISE)
    call = kinds.index("normal") if "normal" in kinds else 0
    return call, random.calls[call][1]


class _Recording(RowRandom):
    """The random numbers of one image, which remembers what it was asked for."""

    def __init__(self, seed: int, device: torch.device) -> None:
        super().__init__(seed, [0], device)
        self.calls: list[tuple[str, int]] = []

    def of(self, rows: Iterable[int]) -> RowRandom:
        return self

    def normal(self, *shape: int) -> torch.Tensor:
        self.calls.append(("normal", int(np.prod(shape))))
        return super().normal(*shape)

    def uniform(self, *shape: int) -> torch.Tensor:
        self.calls.append(("uniform", int(np.prod(shape))))
        return super().uniform(*shape)


class _Moved(RowRandom):
    """Random numbers of which the ``call``-th from now on are moved, those of each row by its own of ``moves`` [m, d]."""

    def __init__(self, streams: RowRandom, call: int, moves: torch.Tensor) -> None:
        super().__init__(0, (), streams.device)
        self._streams, self._left, self._moves = streams._streams, call, moves

    def of(self, rows: Iterable[int]) -> RowRandom:
        chosen = list(rows)
        return _Moved(super().of(chosen), self._left, self._moves[chosen])

    def uniform(self, *shape: int) -> torch.Tensor:
        drawn = [torch.rand(shape, generator=stream) for stream in self._streams]
        if self._left == 0:  # 1 - STEP and a move of STEP might round to 1, which is outside
            drawn = [numbers.clamp(STEP, 1 - 2 * STEP) for numbers in drawn]
        return self._rows(drawn, shape)

    def _rows(self, drawn: list[torch.Tensor], shape: tuple[int, ...]) -> torch.Tensor:
        numbers = super()._rows(drawn, shape)
        self._left -= 1
        return numbers + self._moves.view(numbers.shape).to(numbers) if self._left == -1 else numbers
