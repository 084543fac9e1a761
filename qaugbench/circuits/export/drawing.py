"""Circuits drawn by PennyLane, as text or PNG, with the source of each angle in place of a number."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.circuits.export.pennylane import import_pennylane, observable
from qaugbench.files import write_whole

if TYPE_CHECKING:
    from PIL.Image import Image

TEXT_WIDTH = 120  # characters
COLUMNS = 16  # of gates in one row of a PNG, each an inch wide
DOTS_PER_INCH = 130
FONT_SIZE = 13  # points; PennyLane shrinks the labels that do not fit their box
CAPTION_SIZE = 15  # points
_SYMBOLS = {"CNOT", "CZ", "SWAP"}  # drawn without a label
_CONTROLLED = {"CRX": "RX", "CRY": "RY", "CRZ": "RZ"}


def describe(circuit: Circuit) -> str:
    """Return the counts, the drawing and the readout of a circuit as lines of text.

    Raises:
        CircuitError: PennyLane is not installed.
    """
    counts, readout = _captions(circuit)
    return "\n".join([counts, "", draw_text(circuit), "", textwrap.fill(readout, TEXT_WIDTH)])


def draw_text(circuit: Circuit) -> str:
    """Return the circuit drawn as text, wrapped where a line is full.

    Raises:
        CircuitError: PennyLane is not installed.
    """
    pennylane = import_pennylane()
    options = {"wire_order": range(circuit.n_wires), "show_all_wires": True, "max_length": TEXT_WIDTH}
    drawn: str = pennylane.draw(_labelled(pennylane, circuit), **options)()
    return "\n".join(line.rstrip() for line in drawn.splitlines())


def draw_png(circuit: Circuit, path: Path | str) -> None:
    """Write the circuit as a PNG, wrapped after 16 columns of gates; the file is written whole or not at all.

    Raises:
        CircuitError: PennyLane is not installed.
        OSError: the file cannot be written.
    """
    from matplotlib import pyplot

    pennylane = import_pennylane()
    with pyplot.rc_context({"figure.max_open_warning": 0}):
        figures = pennylane.draw_mpl(
            _labelled(pennylane, circuit),
            wire_order=range(circuit.n_wires),
            show_all_wires=True,
            style="black_white",
            fontsize=FONT_SIZE,
            max_length=COLUMNS,
        )()
        rows = [_pixels(figure) for figure, _ in figures]
        for figure, _ in figures:
            pyplot.close(figure)
    write_whole(Path(path), _stacked([_caption(circuit, rows[0].width), *rows]))


def _captions(circuit: Circuit) -> tuple[str, str]:
    counts, *_, readout = str(circuit).splitlines()
    return counts, readout


def _labelled(pennylane: Any, circuit: Circuit) -> Callable[[], Any]:
    """Return a PennyLane function of operations that are only labels; it is drawn, never run."""

    class Labelled(pennylane.operation.Operation):  # type: ignore[misc]
        """A box."""

        def __init__(self, text: str, wires: tuple[int, ...]) -> None:
            super().__init__(wires=wires)
            self.text = text

        def label(self, decimals: int | None = None, base_label: str | None = None, cache: Any = None) -> str:
            return self.text

    def draw_gate(gate: Gate) -> None:
        if gate.name in _SYMBOLS:
            getattr(pennylane, gate.name)(gate.wires)
        elif gate.name in _CONTROLLED:
            base = Labelled(_label(_CONTROLLED[gate.name], gate), gate.wires[1:])
            pennylane.ctrl(base, control=gate.wires[:1])
        else:
            Labelled(_label(gate.name, gate), gate.wires)

    def function() -> Any:
        if circuit.start:
            first, last = circuit.start.inputs[0], circuit.start.inputs[-1]
            Labelled(f"|x[{first}..{last}]⟩", circuit.start.wires)
        for gate in circuit.gates:
            draw_gate(gate)
        for wire, bit in circuit.readout.postselect:
            Labelled(f"⟨{bit}|", (wire,))
        if circuit.readout.kind == "expectation":
            return [pennylane.expval(observable(pennylane, word)) for word in circuit.readout.words]
        read = pennylane.sample if circuit.readout.kind == "samples" else pennylane.probs
        return read(wires=circuit.read_wires)

    return function


def _label(name: str, gate: Gate) -> str:
    """Return a gate's label; line breaks, which the text drawing leaves out, keep it narrow in the PNG."""
    terms = ",\n".join(str(angle).replace(" + ", " \n+ ") for angle in gate.angles)
    return f"{name}\n({terms})" if terms else name


def _pixels(figure: Any) -> Image:
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    return Image.open(buffer, formats=("PNG",)).convert("RGB")


def _caption(circuit: Circuit, width: int) -> Image:
    """Return counts and readout as a white strip ``width`` pixels wide."""
    from matplotlib.figure import Figure

    inches = width / DOTS_PER_INCH
    line_height = 1.5 * CAPTION_SIZE / 72  # inches
    per_line = int(inches * 72 / (0.68 * CAPTION_SIZE))  # the mean width of a letter is less than 0.68 of its height
    lines = [line for text in _captions(circuit) for line in textwrap.wrap(text, per_line)]
    height = line_height * (len(lines) + 1)
    strip = Figure(figsize=(inches, height))
    strip.text(0.3 / inches, 1 - line_height / 2 / height, "\n".join(lines), size=CAPTION_SIZE, va="top")
    return _pixels(strip)


def _stacked(rows: list[Image]) -> bytes:
    """Return the PNG of images stacked on white."""
    from PIL import Image

    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    return buffer.getvalue()
