from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from qaugbench.circuits.circuit import Angle
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.patterns import n_patterns, occupations, places, rank
from qaugbench.circuits.photonic.readout import Detected, PhotonicReadout, no_bunching
from qaugbench.errors import CircuitError
from tests.circuits.photonic import cases, exact

ALL = PhotonicReadout("probabilities")
SPLITTER = Component("BS.Rx", [0, 1], Angle.weight(0))


def circuit(readout: PhotonicReadout = ALL, state: tuple[int, ...] = (1, 1), **given: object) -> PhotonicCircuit:
    return PhotonicCircuit(len(state), [SPLITTER], state, readout, **given)


def test_printed_form_counts_and_lists() -> None:
    lines = str(
        circuit(PhotonicReadout("counts", "threshold", modes=[1]), (1, 0, 2), distinguishable=True)
    ).splitlines()
    assert lines == [
        "3 modes, distinguishable 3 photons |1,0,2>, 1 component, 0 inputs, 1 weight, 1 output",
        "  BS.Rx  0 1    w[0]",
        "readout: mean clicks of modes 1",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Component("BS.X", [0, 1], Angle()), "Unknown component 'BS.X'. Did you mean"),
        (lambda: Component("PS", [0, 1], Angle()), r"PS acts on 1 mode\(s\), given \(0, 1\)"),
        (lambda: Component("BS.H", [1, 1], Angle()), r"needs distinct modes counted from 0, given \(1, 1\)"),
        (lambda: Component("PS", [0], 0.3), "must be an Angle object, given 0.3"),
        (lambda: PhotonicCircuit(0, [], [], ALL), "at least one mode, given n_modes=0"),
        (
            lambda: PhotonicCircuit(2, [SPLITTER], [1, 1, 0], ALL),
            r"in each of 2 modes, at least one in all, given \[1, 1, 0\]",
        ),
        (lambda: PhotonicCircuit(2, [SPLITTER], [0, 0], ALL), r"at least one in all, given \[0, 0\]"),
        (lambda: PhotonicCircuit(2, [SPLITTER], [1, -1], ALL), r"given \[1, -1\]"),
        (lambda: PhotonicCircuit(1, [SPLITTER], [1], ALL), r"modes 0 to 0, but these lie outside: BS.Rx on \(0, 1\)"),
        (lambda: circuit(PhotonicReadout("counts", modes=[2])), "readout of mode 2"),
        (lambda: circuit(PhotonicReadout("counts", accept=[Detected([3])])), "readout of mode 3"),
        (lambda: PhotonicCircuit(2, ["BS"], [1, 1], ALL), "must be Component objects"),
        (lambda: PhotonicCircuit(2, [SPLITTER], [1, 1], "probabilities"), "needs a PhotonicReadout"),
        (lambda: circuit(distinguishable=0.5), "given distinguishable=0.5"),
        (lambda: PhotonicCircuit(1, [Component("PS", [0], Angle.weight(1))], [1], ALL), "weight index 0"),
        (lambda: PhotonicCircuit(1, [Component("PS", [0], Angle.input(2))], [1], ALL), "input index 0, 1"),
        (lambda: circuit(PhotonicReadout("probabilities", at_least=3)), "accepts no detection of 2 photon"),
        (lambda: circuit(state=(9,) * 12), "108 photons in 13 places .* patterns, more than the 262,144"),
        (lambda: PhotonicReadout("expectation"), "Unknown photonic readout 'expectation'"),
        (lambda: PhotonicReadout("counts", "pnr"), "Unknown detection 'pnr'. Known: number, threshold"),
        (lambda: PhotonicReadout("counts", at_least=-1), "given at_least=-1"),
        (lambda: PhotonicReadout("counts", modes=[0, 0]), r"distinct modes counted from 0, given \[0, 0\]"),
        (lambda: PhotonicReadout("counts", accept=[{"modes": [0]}]), "must be Detected objects"),
        (lambda: Detected([0], 2, 1), "given at_least=2, at_most=1"),
        (lambda: Detected([0], True), "given at_least=True"),
        (
            lambda: PhotonicCircuit.from_dict({**circuit().to_dict(), "modes": 2}),
            "Unknown key 'modes' in a photonic circuit. Did you mean 'n_modes'",
        ),
        (lambda: PhotonicCircuit.from_dict({**circuit().to_dict(), "format": 2}), "format 2 cannot be read"),
    ],
)
def test_bad_circuits_say_what_was_given(make: Callable[[], object], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        make()


@pytest.mark.parametrize("seed", range(20))
def test_json_round_trip_gives_an_equal_circuit(seed: int) -> None:
    made = cases.random_circuit(seed)
    again = PhotonicCircuit.from_dict(json.loads(json.dumps(made.to_dict())))
    assert again == made
    assert hash(again) == hash(made)


@pytest.mark.parametrize("seed", range(20))
def test_outcomes_are_the_accepted_detections_in_order(seed: int) -> None:
    made = cases.random_circuit(seed, max_modes=5)
    assert list(made.outcomes) == exact.listed(made)
    assert made.n_outputs == (len(made.outcomes) if made.output_kind == "probabilities" else len(made.read_modes))


@pytest.mark.parametrize(
    ("readout", "outcomes"),
    [
        (ALL, [(0, 2), (1, 1), (2, 0)]),
        (PhotonicReadout("probabilities", "threshold"), [(0, 1), (1, 0), (1, 1)]),
        (PhotonicReadout("probabilities", at_least=1), [(0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]),
        (PhotonicReadout("probabilities", "threshold", at_least=0), [(0, 0), (0, 1), (1, 0), (1, 1)]),
        (PhotonicReadout("probabilities", accept=no_bunching(2)), [(1, 1)]),
        (PhotonicReadout("probabilities", modes=[1]), [(0,), (1,), (2,)]),
        (PhotonicReadout("probabilities", modes=[1], accept=[Detected([0], 1, 1)]), [(1,)]),
        (PhotonicReadout("counts"), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]),
    ],
    ids=str,
)
def test_outcomes_of_two_photons_in_two_modes(readout: PhotonicReadout, outcomes: list[tuple[int, ...]]) -> None:
    assert list(circuit(readout).outcomes) == outcomes


def test_output_range_follows_readout_and_detectors() -> None:
    highs = {
        (kind, how): circuit(PhotonicReadout(kind, how)).output_high
        for kind in ("counts", "samples")
        for how in ("number", "threshold")
    }
    assert highs == {
        ("counts", "number"): 2,
        ("counts", "threshold"): 1,
        ("samples", "number"): 2,
        ("samples", "threshold"): 1,
    }
    assert circuit().output_high == 1


@pytest.mark.parametrize(("n_modes", "n_photons"), [(1, 3), (2, 1), (5, 2), (4, 4), (8, 3)])
def test_rank_numbers_patterns_as_they_are_listed(n_modes: int, n_photons: int) -> None:
    listed = places(n_modes, n_photons)
    assert rank(listed, n_modes).tolist() == list(range(n_patterns(n_modes, n_photons)))
    assert (occupations(listed, n_modes).sum(axis=1) == n_photons).all()


def test_components_that_use_a_weight_or_an_input_are_named() -> None:
    components = [SPLITTER, Component("PS", [1], Angle.input(0)), Component("BS.Ry", [1, 2], Angle.weight(0))]
    made = PhotonicCircuit(3, components, (1, 0, 0), ALL)
    assert made.uses("weights", 0) == ["BS.Rx on mode 0 1", "BS.Ry on mode 1 2"]
    assert made.uses("inputs", 0) == ["PS on mode 1"]
