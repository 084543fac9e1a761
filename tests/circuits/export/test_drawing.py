from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.export import drawing
from qaugbench.circuits.export.drawing import describe, draw_png, draw_text
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError

pytest.importorskip("pennylane")
from PIL import Image

SMALL = Circuit(
    4,
    [
        Gate("CRX", [2, 0], [Angle(0.5, ((0, 2.0),), ((4, -0.7),))]),
        Gate("RZZ", [0, 2], [Angle.weight(1)]),
        Gate("Rot", [1], [Angle.weight(2), Angle.input(5), Angle.constant(1.0)]),
        Gate("CNOT", [0, 1]),
        Gate("SWAP", [0, 2]),
        Gate("H", [0]),
    ],
    Readout.probabilities((0,), {2: 1}),
    AmplitudeEmbedding((0, 2), 4),
)


def test_text_shows_every_part_and_where_angles_come_from() -> None:
    parts = [[part for part in line[2:].split("─") if part.strip()] for line in draw_text(SMALL).splitlines()]
    embedded, coupled = "|x[0..3]⟩", "RZZ(w[1])"
    driven = "RX(0.5 + 2*w[0] + -0.7*x[4])"
    assert [part.strip("╭╰") for part in parts[0]] == [embedded, driven, coupled, "●", "SWAP", "H", "┤  Probs"]
    assert [part for part in parts[1] if part != "│"] == ["Rot(w[2],x[5],1)", "╰X", "┤"]
    assert [part.strip("╭╰") for part in parts[2]] == [embedded, "●", coupled, "SWAP", "⟨1|", "┤"]
    assert parts[3] == ["┤"]


def test_description_begins_with_counts_and_ends_with_the_readout() -> None:
    lines = describe(SMALL).splitlines()
    assert lines[0] == "4 wires, 6 gates, 6 inputs, 3 weights, 2 outputs"
    assert lines[-1] == "readout: probabilities of wires 0 given that wire 2 is 1"


def test_no_line_is_wider_than_the_screen() -> None:
    gates = angle_embedding(16) + strongly_entangling_layers(16, 2)
    text = describe(Circuit(16, gates, Readout.each_wire(16, "ZX")))
    assert max(map(len, text.splitlines())) <= drawing.TEXT_WIDTH + 4  # PennyLane's mark of continuation
    assert all(f"w[{weight}]" in text for weight in range(96))


@pytest.mark.parametrize("seed", range(6))
def test_every_circuit_can_be_drawn(seed: int, random_circuit: Callable[[int], Circuit]) -> None:
    circuit = random_circuit(seed)
    drawn = draw_text(circuit)
    assert len({line.split(":")[0] for line in drawn.splitlines() if line}) == circuit.n_wires
    assert all(f"w[{weight}]" in drawn for weight in range(circuit.n_weights))


def test_png_goes_on_below_and_leaves_white_margins(tmp_path: Path) -> None:
    sizes = []
    for layers in (1, 3):
        path = tmp_path / f"{layers}.png"
        draw_png(qldm_circuit(8, layers), path)
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("L"))
        edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
        assert all((edge == 255).all() for edge in edges)
        assert all((band < 128).mean() > 0.001 for band in np.array_split(pixels, 5))
        sizes.append(pixels.shape)
    assert sizes[1][0] > 1.5 * sizes[0][0]


def test_a_circuit_without_gates_has_a_png(tmp_path: Path) -> None:
    draw_png(Circuit(1, [], Readout.samples()), tmp_path / "none.png")
    assert (tmp_path / "none.png").exists()


def test_nothing_is_left_of_a_png_that_could_not_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(rows: object) -> bytes:
        raise OSError("no space left on device")

    monkeypatch.setattr(drawing, "_stacked", fail)
    with pytest.raises(OSError, match="no space"):
        draw_png(SMALL, tmp_path / "circuit.png")
    assert list(tmp_path.iterdir()) == []


def test_no_figure_stays_open(tmp_path: Path) -> None:
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    draw_png(SMALL, tmp_path / "circuit.png")
    assert pyplot.get_fignums() == before


def test_missing_pennylane_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pennylane", None)
    for draw in (describe, draw_text, lambda circuit: draw_png(circuit, tmp_path / "a.png")):
        with pytest.raises(CircuitError, match=r"pip install 'qaugbench\[pennylane\]'"):
            draw(SMALL)
