"""The mathematics of the classical baselines that are solved at once, and of the variational autoencoder."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch, Solved
from qaugbench.generators.gmm import Gmm, divided, ledoit_wolf
from qaugbench.generators.kde import Kde, likeliest_bandwidth
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.smote import Smote
from qaugbench.generators.vae import normal_divergence
from qaugbench.seeds import numpy_generator, torch_generator


def solved(kind: type[Solved], points: np.ndarray, labels: np.ndarray, **hyper: float) -> Solved:
    generator = kind(points.shape[1:], labels.shape[1], kind.Hyper(**hyper), CircuitLayers())
    generator.solve(
        Batch(torch.from_numpy(points.astype(np.float32)), torch.from_numpy(labels.astype(np.float32))),
        torch_generator(1),
    )
    return generator


def drawn(generator: Solved, label: list[int], number: int) -> np.ndarray:
    wanted = torch.tensor([label], dtype=torch.float32).expand(number, len(label))
    return generator.draw(wanted, RowRandom(3, range(number))).numpy()


def one_hot(*counts: int) -> np.ndarray:
    return np.repeat(np.eye(len(counts)), counts, axis=0)


class TestSmote:
    def test_a_point_is_between_two_neighbours_of_its_label(self) -> None:
        """On a line the two nearest of 0, 1, 2 and 10, 11, 12 are on the same side: nothing is drawn between 2 and 10."""
        points = np.array([[0], [1], [2], [10], [11], [12], [500], [600]])
        found = drawn(solved(Smote, points, one_hot(6, 2), neighbours=2), [1, 0], 400)
        assert ((found >= 0) & (found <= 2) | (found >= 10) & (found <= 12)).all()
        assert len(np.unique(found)) > 390

    def test_a_point_alone_with_its_label_is_repeated(self) -> None:
        found = drawn(solved(Smote, np.array([[0.0], [1.0], [7.0]]), one_hot(2, 1)), [0, 1], 5)
        assert found.flatten().tolist() == [7.0] * 5

    def test_fewer_images_than_neighbours_use_those_there_are(self) -> None:
        found = drawn(solved(Smote, np.array([[0.0], [1.0], [50.0]]), one_hot(2, 1), neighbours=5), [1, 0], 200)
        assert found.min() >= 0
        assert found.max() <= 1
        assert found.mean() == pytest.approx(0.5, abs=0.08)


class TestKde:
    def test_two_points_put_the_bandwidth_at_their_distance_per_coordinate(self) -> None:
        """The likelihood of each given the other is greatest at h^2 = distance^2 / dimensions: here 100 / 4."""
        pair = torch.tensor([[0.0, 0, 0, 0], [10.0, 0, 0, 0]])
        assert likeliest_bandwidth([pair]) == pytest.approx(5.0)

    def test_no_other_bandwidth_is_likelier(self) -> None:
        points = torch.from_numpy(numpy_generator(0).normal(size=(40, 3)))

        def likelihood(h: float) -> float:
            logs = Normal(points[None], h).log_prob(points[:, None]).sum(dim=2).fill_diagonal_(-math.inf)
            return float(torch.logsumexp(logs, dim=1).sum())

        best = likeliest_bandwidth([points])
        assert all(likelihood(best) >= likelihood(best * factor) for factor in (0.5, 0.9, 0.98, 1.02, 1.1, 2.0))

    def test_copies_do_not_make_it_zero_and_single_points_have_one(self) -> None:
        assert likeliest_bandwidth([torch.zeros(4, 2)]) > 0
        assert likeliest_bandwidth([torch.zeros(1, 2), torch.ones(1, 2)]) == 1.0

    def test_noise_is_as_wide_as_the_label_s_images_vary(self) -> None:
        points = (
            numpy_generator(0).normal(size=(200, 2)) * np.where(one_hot(100, 100) @ [1, 0], 1.0, 5.0)[:, None] * [1, 10]
        )
        generator = solved(Kde, points, one_hot(100, 100))
        noise = generator.noise
        assert (noise[:, 1] / noise[:, 0]).tolist() == pytest.approx([10, 10], rel=0.3)
        assert float(noise[0, 0] / noise[1, 0]) == pytest.approx(5, rel=0.4)  # vectors are in lexicographic order


class TestGmm:
    def test_drawn_points_have_the_moments_of_the_shrunk_mixture(self) -> None:
        correlated = numpy_generator(1).normal(size=(60, 3)) @ np.array([[1, 0.9, 0], [0, 0.5, 0], [0, 0, 2]]) + [
            5,
            0,
            -3,
        ]
        generator = solved(Gmm, correlated, one_hot(60), components=1)
        rho = float(generator.shrinkage[0])
        own = np.cov(correlated.T, bias=True)
        expected = (1 - rho) * own + rho * np.diag(np.diag(own))
        found = drawn(generator, [1], 20_000)
        assert found.mean(axis=0) == pytest.approx(correlated.mean(axis=0), abs=0.06)
        assert np.cov(found.T) == pytest.approx(expected, abs=0.12)
        assert 0 < rho < 0.2

    def test_components_are_drawn_as_often_as_they_have_images(self) -> None:
        points = numpy_generator(2).normal(size=(100, 2)) + np.where(np.arange(100) < 75, -20, 20)[:, None]
        found = drawn(solved(Gmm, points, one_hot(100), components=2), [1], 1000)
        assert (found[:, 0] < 0).mean() == pytest.approx(0.75, abs=0.05)
        assert (np.abs(np.abs(found) - 20) < 6).all()

    def test_a_rare_label_has_its_own_mean_and_the_spread_of_all(self) -> None:
        points = np.concatenate([numpy_generator(3).normal(size=(80, 2)), [[30.0, 30.0]]])
        found = drawn(solved(Gmm, points, one_hot(80, 1), components=1), [0, 1], 2000)
        assert found.mean(axis=0) == pytest.approx([30, 30], abs=0.2)
        assert found.std(axis=0) == pytest.approx([1, 1], rel=0.25)

    def test_more_coordinates_than_images_shrink_more(self) -> None:
        random = numpy_generator(4)
        few, many = (torch.from_numpy(random.normal(size=(n, 50))) for n in (10, 2000))
        assert ledoit_wolf(few) > 0.8
        assert ledoit_wolf(many - many.mean(dim=0)) <= 1
        assert ledoit_wolf(torch.randn(400, 1, generator=torch_generator(0)).expand(400, 50).contiguous()) < 0.05

    def test_groups_are_numbered_without_a_gap(self) -> None:
        copies = torch.zeros(30, 2)
        copies[15:] = 9
        assert sorted(set(divided(copies, 2, 0).tolist())) == [0, 1]


def test_the_divergence_is_that_of_torch_s_distributions() -> None:
    mean, log_variance, prior_mean, prior_log_variance = torch.randn(4, 6, 3, generator=torch_generator(0))
    expected = kl_divergence(
        Normal(mean, (0.5 * log_variance).exp()), Normal(prior_mean, (0.5 * prior_log_variance).exp())
    ).sum(dim=1)
    torch.testing.assert_close(normal_divergence(mean, log_variance, prior_mean, prior_log_variance), expected)
