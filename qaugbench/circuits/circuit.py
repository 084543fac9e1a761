"""A quantum circuit as plain data: gates, where each angle comes from, and what is read out.

Every use of a circuit (training, export, controls, resource counts) starts from this one description. Wire 0 is the
most significant bit of a basis state, as in PennyLane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from qaugbench.circuits.checks import as_tuple, finite, is_index, only_keys, without_gap
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.readout import Readout, ReadoutKind
from qaugbench.errors import CircuitError, first_offenders, near_names

FORMAT_VERSION = 1
Terms = tuple[tuple[int, float], ...]
Source = Literal["weights", "inputs"]


@dataclass(frozen=True)
class Angle:
    """The angle ``offset + sum(scale * weight[i]) + sum(scale * input[j])`` in radians; terms are (index, scale) pairs.

    >>> print(Angle.input(2, scale=0.5, offset=1.0))
    1 + 0.5*x[2]
    """

    offset: float = 0.0
    weights: Terms = ()
    inputs: Terms = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "offset", finite(self.offset, "an angle's offset"))
        object.__setattr__(self, "weights", _terms(self.weights, "weight"))
        object.__setattr__(self, "inputs", _terms(self.inputs, "input"))

    @classmethod
    def constant(cls, value: float) -> Angle:
        """Return a fixed angle."""
        return cls(offset=value)

    @classmethod
    def weight(cls, index: int, scale: float = 1.0) -> Angle:
        """Return ``scale * weight[index]``, an angle that is trained."""
        return cls(weights=((index, scale),))

    @classmethod
    def input(cls, index: int, scale: float = 1.0, offset: float = 0.0) -> Angle:
        """Return ``scale * input[index] + offset``, an angle that differs from sample to sample."""
        return cls(offset=offset, inputs=((index, scale),))

    def value(self, inputs: Any, weights: Any) -> Any:
        """Return the angle, given a number, an array or a symbol for each input and each weight.

        >>> Angle.input(1, scale=0.5, offset=1.0).value([0.0, 4.0], [])
        3.0
        """
        terms = [scale * weights[index] for index, scale in self.weights]
        terms += [scale * inputs[index] for index, scale in self.inputs]
        return sum(terms, self.offset)

    def uses(self, source: Source, index: int) -> bool:
        """Return whether a weight or an input is among its terms."""
        return index in dict(self.weights if source == "weights" else self.inputs)

    def __str__(self) -> str:
        terms = [_term_text(scale, f"w[{index}]") for index, scale in self.weights]
        terms += [_term_text(scale, f"x[{index}]") for index, scale in self.inputs]
        shown = ([f"{self.offset:.6g}"] if self.offset or not terms else []) + terms
        return " + ".join(shown)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; empty parts are left out."""
        parts = {"offset": self.offset, "weights": _listed(self.weights), "inputs": _listed(self.inputs)}
        return {key: value for key, value in parts.items() if value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Angle:
        """Return the angle that ``to_dict`` wrote."""
        only_keys(data, {"offset", "weights", "inputs"}, "an angle")
        return cls(data.get("offset", 0.0), data.get("weights", ()), data.get("inputs", ()))


@dataclass(frozen=True)
class Gate:
    """One gate on ``wires`` with ``angles``; see ``gates.GATES`` for the names. The control wire comes first."""

    name: str
    wires: tuple[int, ...]
    angles: tuple[Angle, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "wires", as_tuple(self.wires, f"the wires of gate {self.name!r}"))
        object.__setattr__(self, "angles", as_tuple(self.angles, f"the angles of gate {self.name!r}"))
        if self.name not in GATES:
            raise CircuitError(f"Unknown gate {self.name!r}.{near_names(str(self.name), GATES)}")
        kind = GATES[self.name]
        if len(self.wires) != kind.n_wires:
            raise CircuitError(f"Gate {self.name} acts on {kind.n_wires} wire(s), given {self.wires}.")
        if not all(is_index(wire) for wire in self.wires) or len(set(self.wires)) != len(self.wires):
            raise CircuitError(f"Gate {self.name} needs distinct wires counted from 0, given {self.wires}.")
        if len(self.angles) != kind.n_angles:
            raise CircuitError(f"Gate {self.name} takes {kind.n_angles} angle(s), given {len(self.angles)}.")
        if not all(isinstance(angle, Angle) for angle in self.angles):
            raise CircuitError(f"The angles of gate {self.name} must be Angle objects, given {self.angles!r}.")

    def __str__(self) -> str:
        wires = " ".join(map(str, self.wires))
        return f"{self.name:<10} {wires:<6} {', '.join(map(str, self.angles))}".rstrip()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        data: dict[str, Any] = {"name": self.name, "wires": list(self.wires)}
        return {**data, "angles": [angle.to_dict() for angle in self.angles]} if self.angles else data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Gate:
        """Return the gate that ``to_dict`` wrote."""
        only_keys(data, {"name", "wires", "angles"}, "a gate", required={"name", "wires"})
        angles = tuple(Angle.from_dict(angle) for angle in data.get("angles", ()))
        return cls(data["name"], tuple(data["wires"]), angles)


@dataclass(frozen=True)
class AmplitudeEmbedding:
    """A start in the state whose amplitudes on ``wires`` are inputs, divided by their norm; other wires start in |0>.

    Inputs ``first_input`` to ``first_input + n_features - 1`` are the first amplitudes, the rest being zero. An input
    of norm zero embeds as nan.
    """

    wires: tuple[int, ...]
    n_features: int
    first_input: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "wires", as_tuple(self.wires, "the wires of an amplitude embedding"))
        if not self.wires or not all(is_index(w) for w in self.wires) or len(set(self.wires)) != len(self.wires):
            raise CircuitError(f"An amplitude embedding needs distinct wires counted from 0, given {self.wires}.")
        if not is_index(self.n_features) or not 1 <= self.n_features <= 2 ** len(self.wires):
            raise CircuitError(
                f"An amplitude embedding on {len(self.wires)} wire(s) takes 1 to {2 ** len(self.wires)} features, "
                f"given {self.n_features!r}."
            )
        if not is_index(self.first_input):
            raise CircuitError(f"Inputs are counted from 0, given first_input={self.first_input!r}.")

    @property
    def inputs(self) -> range:
        """Indices of the inputs that are amplitudes."""
        return range(self.first_input, self.first_input + self.n_features)

    def __str__(self) -> str:
        return f"amplitudes {' '.join(map(str, self.wires))}  x[{self.inputs[0]}] to x[{self.inputs[-1]}]"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"wires": list(self.wires), "n_features": self.n_features, "first_input": self.first_input}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AmplitudeEmbedding:
        """Return the embedding that ``to_dict`` wrote."""
        keys = {"wires", "n_features", "first_input"}
        only_keys(data, keys, "an amplitude embedding", required=keys)
        return cls(data["wires"], data["n_features"], data["first_input"])


@dataclass(frozen=True)
class Circuit:
    """Gates applied in order to |0...0> of ``n_wires`` wires, or to ``start``, then ``readout``. Checked when made.

    Raises:
        CircuitError: a wire out of range, or input or weight indices that do not run from 0 without a gap.

    >>> circuit = Circuit(1, [Gate("RX", [0], [Angle.input(0)])], Readout.each_wire(1))
    >>> print(circuit)
    1 wire, 1 gate, 1 input, 0 weights, 1 output
      RX         0      x[0]
    readout: <Z0>
    """

    n_wires: int
    gates: tuple[Gate, ...]
    readout: Readout
    start: AmplitudeEmbedding | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "gates", as_tuple(self.gates, "the gates of a circuit"))
        if not is_index(self.n_wires) or self.n_wires < 1:
            raise CircuitError(f"A circuit needs at least one wire, given n_wires={self.n_wires!r}.")
        if not all(isinstance(gate, Gate) for gate in self.gates):
            raise CircuitError("The gates of a circuit must be Gate objects: Gate(name, wires, angles).")
        if not (self.start is None or isinstance(self.start, AmplitudeEmbedding)):
            raise CircuitError(f"A circuit starts in |0...0> (None) or an AmplitudeEmbedding, given {self.start!r}.")
        outside = [f"{gate.name} on {gate.wires}" for gate in self.gates if max(gate.wires) >= self.n_wires]
        outside += [f"readout of wire {wire}" for wire in self.readout.used_wires() if wire >= self.n_wires]
        outside += [f"amplitudes on wire {wire}" for wire in self._start_wires() if wire >= self.n_wires]
        if outside:
            known = f"wires 0 to {self.n_wires - 1}"
            raise CircuitError(f"The circuit has {known}, but these lie outside: {first_offenders(outside)}.")
        if self.readout.kind != "expectation" and not self.read_wires:
            raise CircuitError("The readout post-selects on every wire and leaves none to read.")
        without_gap("weight", self._used(lambda angle: angle.weights))
        without_gap("input", self._input_indices())

    def _used(self, terms: Callable[[Angle], Terms]) -> set[int]:
        return {index for gate in self.gates for angle in gate.angles for index, _ in terms(angle)}

    def _input_indices(self) -> set[int]:
        return self._used(lambda angle: angle.inputs) | set(self.start.inputs if self.start else ())

    def _start_wires(self) -> tuple[int, ...]:
        return self.start.wires if self.start else ()

    @cached_property
    def n_inputs(self) -> int:
        """Number of input features."""
        return len(self._input_indices())

    @cached_property
    def n_weights(self) -> int:
        """Number of trainable weights."""
        return len(self._used(lambda angle: angle.weights))

    @cached_property
    def read_wires(self) -> tuple[int, ...]:
        """Wires whose basis states are read, the most significant first; all of them for expectations."""
        ancillas = {wire for wire, _ in self.readout.postselect}
        return self.readout.wires or tuple(wire for wire in range(self.n_wires) if wire not in ancillas)

    @cached_property
    def n_outputs(self) -> int:
        """Number of values read out."""
        if self.readout.kind == "expectation":
            return len(self.readout.words)
        return len(self.read_wires) if self.readout.kind == "samples" else 2 ** len(self.read_wires)

    @property
    def output_kind(self) -> ReadoutKind:
        """What the outputs are: expectations in [-1, 1], probabilities, or sampled bits."""
        return self.readout.kind

    def uses(self, source: Source, index: int) -> list[str]:
        """Return which gates use a weight or an input, such as "RY on wire 0" or "Rot on wire 1, angle 2 of 3"."""
        found = []
        for gate in self.gates:
            for number, angle in enumerate(gate.angles, start=1):
                if angle.uses(source, index):
                    which = f", angle {number} of {len(gate.angles)}" if len(gate.angles) > 1 else ""
                    found.append(f"{gate.name} on wire {' '.join(map(str, gate.wires))}{which}")
        return found

    def __str__(self) -> str:
        counts = {"wire": self.n_wires, "gate": len(self.gates), "input": self.n_inputs}
        counts |= {"weight": self.n_weights, "output": self.n_outputs}
        head = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items())
        start = [f"  {self.start}"] if self.start else []
        return "\n".join([head, *start, *(f"  {gate}" for gate in self.gates), f"readout: {self.readout}"])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: the same circuit gives the same dictionary."""
        gates = [gate.to_dict() for gate in self.gates]
        data = {"format": FORMAT_VERSION, "n_wires": self.n_wires, "gates": gates, "readout": self.readout.to_dict()}
        return {**data, "start": self.start.to_dict()} if self.start else data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Circuit:
        """Return the circuit that ``to_dict`` wrote; raises CircuitError for unknown keys or another format."""
        keys = {"format", "n_wires", "gates", "readout"}
        only_keys(data, keys | {"start"}, "a circuit", required=keys)
        if data["format"] != FORMAT_VERSION:
            raise CircuitError(f"Circuit format {data['format']!r} cannot be read, only format {FORMAT_VERSION}.")
        gates = tuple(Gate.from_dict(gate) for gate in data["gates"])
        start = AmplitudeEmbedding.from_dict(data["start"]) if "start" in data else None
        return cls(data["n_wires"], gates, Readout.from_dict(data["readout"]), start)


def _terms(terms: Iterable[Iterable[Any]], noun: str) -> Terms:
    pairs = tuple(tuple(term) for term in as_tuple(terms, f"the {noun} terms of an angle"))
    if not all(len(pair) == 2 and is_index(pair[0]) for pair in pairs):
        raise CircuitError(f"The {noun} terms of an angle are (index, scale) pairs counted from 0, given {pairs}.")
    if len({pair[0] for pair in pairs}) != len(pairs):
        raise CircuitError(f"An angle names a {noun} twice, given {pairs}; add the scales into one term.")
    return tuple((int(index), finite(scale, f"the scale of {noun} {index}")) for index, scale in pairs)


def _listed(terms: Terms) -> list[list[float]]:
    return [[index, scale] for index, scale in terms]


def _term_text(scale: float, symbol: str) -> str:
    return symbol if scale == 1.0 else f"{scale:.6g}*{symbol}"
