from __future__ import annotations

import math

import pytest

from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.interference import interference_terms
from qaugbench.errors import CircuitError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"transmission": 1.1}, r"Transmission must be in \[0, 1\], given 1.1"),
        ({"component_transmission": -0.1}, "Component_transmission must be in"),
        ({"mode_transmissions": (1.0, 2.0)}, "The transmission of mode 1 must be in"),
        ({"mode_transmissions": 0.5}, "Expected a list for the transmissions of modes"),
        ({"indistinguishability": math.nan}, "must be a finite number, given nan"),
        ({"indistinguishability": "high"}, "must be a finite number, given 'high'"),
        ({"g2": 0.6}, "g2 of at most 1/2, given g2=0.6"),
    ],
)
def test_what_is_no_probability_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        PhotonicNoise(**given)


def test_noise_is_part_of_a_hashable_execution() -> None:
    first, second = (Execution(noise=PhotonicNoise(0.5, mode_transmissions=[1, 0.9])) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert not first.is_ideal


@pytest.mark.parametrize("g2", [0.0, 1e-9, 0.01, 0.05, 0.5])
def test_extra_photon_gives_the_g2_asked_for(g2: float) -> None:
    p = PhotonicNoise(g2=g2).extra_photon
    assert 2 * p / (1 + p) ** 2 == pytest.approx(g2, rel=1e-12)
    assert 0 <= p <= 1


def test_exchanges_of_three_photons_weigh_by_how_many_move() -> None:
    terms = interference_terms([0, 1, 2], alike=0.5)
    by_moved = sorted((sum(a != b for a, b in term), weight) for term, weight in terms.items())
    # both cyclic exchanges are one term
    assert by_moved == [(0, 1.0), (2, 0.25), (2, 0.25), (2, 0.25), (3, 0.25)]


def test_photons_of_one_mode_that_are_alike_have_a_norm() -> None:
    # both alike (chance 1/4): two exchanges over 2!; otherwise one, over 1
    assert interference_terms([0, 0], alike=0.5) == {((0, 0), (0, 0)): pytest.approx(0.25 * 2 / 2 + 0.75)}


def test_noise_on_too_many_photons_is_refused() -> None:
    with pytest.raises(CircuitError, match="the 362,880 exchanges of 9 photons"):
        interference_terms(range(9), alike=0.9)
    assert len(interference_terms(range(9), alike=0.0)) == 1
