from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

from qaugbench.circuits.sampling import draw_counts, draw_states, state_bits
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator


def distributions(rows: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(rows, d, generator=torch_generator(seed), dtype=torch.float64).softmax(-1)


@pytest.mark.parametrize("d", [1, 2, 5, 64])
def test_counts_of_a_row_are_whole_and_sum_to_the_shots(d: int) -> None:
    counts = draw_counts(distributions(7, d).float().unflatten(0, (7, 1)), 1000, torch_generator(1))
    assert counts.shape == (7, 1, d)
    assert counts.dtype == torch.float32
    assert bool((counts == counts.round()).all())
    assert counts.sum(-1).unique().tolist() == [1000]


def test_counts_have_the_means_and_covariances_of_a_multinomial() -> None:
    p, shots, rows = torch.tensor([0.05, 0.2, 0.3, 0.0, 0.45], dtype=torch.float64), 50, 40_000
    counts = draw_counts(p.expand(rows, -1), shots, torch_generator(3))
    covariance = shots * (torch.diag(p) - torch.outer(p, p))
    z = (counts.mean(0) - shots * p) / (covariance.diagonal() / rows).sqrt()
    assert float(z.nan_to_num().abs().max()) < 4
    assert torch.allclose(counts.T.cov(), covariance, atol=0.25)


def test_one_count_is_distributed_as_the_binomial() -> None:
    counts = draw_counts(torch.tensor([0.7, 0.1, 0.2]).expand(20_000, -1), 30, torch_generator(4))[:, 2]
    observed = torch.bincount(counts.long(), minlength=31).numpy()
    expected = 20_000 * stats.binom.pmf(range(31), 30, 0.2)
    keep = expected > 5
    rest = [observed[~keep].sum()], [expected[~keep].sum()]
    statistic = sum(((o - e) ** 2 / e).sum() for o, e in [(observed[keep], expected[keep]), map(torch.tensor, rest)])
    assert float(statistic) < stats.chi2.ppf(0.9999, keep.sum())


def test_states_are_drawn_as_often_as_they_are_probable() -> None:
    p = distributions(3, 6, seed=5)
    states = draw_states(p, 60_000, torch_generator(6))
    assert states.dtype == torch.int64
    frequencies = torch.stack([torch.bincount(row, minlength=6) for row in states]) / 60_000
    z = (frequencies - p) / (p * (1 - p) / 60_000).sqrt()
    assert float(z.abs().max()) < 4


def test_draws_of_one_row_are_independent_of_the_next() -> None:
    states = draw_states(torch.full((2, 2), 0.5), 10_000, torch_generator(7)).double()
    assert abs(float(states.corrcoef()[0, 1])) < 0.05
    counts = draw_counts(torch.full((2, 4000, 2), 0.5), 64, torch_generator(8))[..., 0]
    assert abs(float(counts.corrcoef()[0, 1])) < 0.07


def test_what_has_no_probability_is_never_drawn() -> None:
    p = torch.zeros(300, 17).scatter(1, torch.randint(17, (300, 3), generator=torch_generator(9)), 1e-30)
    assert bool((draw_counts(p, 100, torch_generator(1))[p == 0] == 0).all())
    states = draw_states(p, 100, torch_generator(1))
    assert bool((p.gather(1, states) > 0).all())
    rounding = torch.tensor([-1e-9, 0.25, -1e-8, 0.75, 0.0])
    assert set(draw_states(rounding, 500, torch_generator(2)).tolist()) == {1, 3}
    assert draw_counts(rounding, 500, torch_generator(2))[[0, 2, 4]].tolist() == [0, 0, 0]


def test_rare_states_are_drawn_at_their_rate() -> None:
    states = draw_states(torch.tensor([1e-4, 1 - 1e-4], dtype=torch.float64), 1_000_000, torch_generator(1))
    assert 60 < int((states == 0).sum()) < 140


def test_the_ends_of_the_unit_interval_draw_possible_states(monkeypatch: pytest.MonkeyPatch) -> None:
    p = torch.tensor([0.0, 0.3, 0.7, 0.0], dtype=torch.float64)
    for uniform, state in ((0.0, 1), (1 - 2.0**-53, 2)):
        monkeypatch.setattr(torch, "rand", lambda *size, u=uniform, **_: torch.full(size, u, dtype=torch.float64))
        assert draw_states(p, 1, torch_generator(0)).tolist() == [state]


def test_probabilities_need_not_sum_to_one() -> None:
    p = distributions(4, 8)
    assert torch.equal(draw_counts(p, 99, torch_generator(3)), draw_counts(8 * p, 99, torch_generator(3)))
    assert torch.equal(draw_states(p, 99, torch_generator(3)), draw_states(8 * p, 99, torch_generator(3)))


@pytest.mark.parametrize("bad", [[math.nan, 1.0], [0.0, 0.0], [math.inf, 1.0], [-1.0, -2.0]])
def test_where_there_is_no_distribution_the_draw_says_so(bad: list[float]) -> None:
    p = torch.tensor([[0.0, 1.0], bad, [1.0, 0.0]])
    assert draw_states(p, 2, torch_generator(0)).tolist() == [[1, 1], [-1, -1], [0, 0]]
    counts = draw_counts(p, 2, torch_generator(0))
    assert counts[0].tolist() == [0, 2]
    assert counts[2].tolist() == [2, 0]
    assert bool(counts[1].isnan().all())


def test_a_row_that_is_no_distribution_leaves_the_others_as_they_were() -> None:
    p = distributions(3, 4)
    with_gap = p.clone()
    with_gap[1, 2] = math.nan
    drawn, again = (draw_states(rows, 5, torch_generator(0)) for rows in (p, with_gap))
    assert torch.equal(drawn[[0, 2]], again[[0, 2]])


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    p = distributions(5, 32)
    for draw in (draw_counts, draw_states):
        assert torch.equal(draw(p, 200, torch_generator(1)), draw(p, 200, torch_generator(1)))
        assert not torch.equal(draw(p, 200, torch_generator(1)), draw(p, 200, torch_generator(2)))


def test_counts_of_many_shots_stay_exact() -> None:
    counts = draw_counts(torch.tensor([0.5, 0.5], dtype=torch.float64), 10**12, torch_generator(1))
    assert counts.sum() == 10**12
    assert abs(float(counts[0]) - 5e11) < 5 * math.sqrt(2.5e11)


def test_bits_of_states_begin_with_the_most_significant() -> None:
    bits = state_bits(torch.tensor([[6, -1]]), 3, torch.float32)
    assert bits.dtype == torch.float32
    assert bits[0, 0].tolist() == [1, 1, 0]
    assert bool(bits[0, 1].isnan().all())


@pytest.mark.parametrize("draw", [draw_counts, draw_states])
def test_bad_draws_are_refused(draw) -> None:
    p = torch.ones(2) / 2
    with pytest.raises(CircuitError, match=r"give a torch\.Generator"):
        draw(p, 3, None)
    with pytest.raises(CircuitError, match="at least one shot, given shots=0"):
        draw(p, 0, torch_generator(0))
    with pytest.raises(CircuitError, match=r"given shape \[2, 0\]"):
        draw(torch.ones(2, 0), 3, torch_generator(0))
