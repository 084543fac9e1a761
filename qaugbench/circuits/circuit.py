"""A quantum circuit as plain data: gates, where each angle comes from, and what is read out.

Every use of a circuit (training, export, controls, resource counts) starts from this one description. Wire 0 is the
most significant bit of a basis state, as in PennyLane.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qaugbench.circuits.gates import GATES
from qaugbench.errors import CircuitError, first_offenders, near_names

FORMAT_VERSION = 1
Terms = tuple[tuple[int, float], ...]


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
        object.__setattr__(self, "offset", _finite(self.offset, "an angle's offset"))
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
        _only_keys(data, {"offset", "weights", "inputs"}, "an angle")
        return cls(data.get("offset", 0.0), data.get("weights", ()), data.get("inputs", ()))


@dataclass(frozen=True)
class Gate:
    """One gate on ``wires`` with ``angles``; see ``gates.GATES`` for the names. The control wire comes first."""

    name: str
    wires: tuple[int, ...]
    angles: tuple[Angle, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "wires", _tuple(self.wires, f"the wires of gate {self.name!r}"))
        object.__setattr__(self, "angles", _tuple(self.angles, f"the angles of gate {self.name!r}"))
        if self.name not in GATES:
            raise CircuitError(f"Unknown gate {self.name!r}.{near_names(str(self.name), GATES)}")
        kind = GATES[self.name]
        if len(self.wires) != kind.n_wires:
            raise CircuitError(f"Gate {self.name} acts on {kind.n_wires} wire(s), given {self.wires}.")
        if not all(_is_index(wire) for wire in self.wires) or len(set(self.wires)) != len(self.wires):
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
        _only_keys(data, {"name", "wires", "angles"}, "a gate", required={"name", "wires"})
        angles = tuple(Angle.from_dict(angle) for angle in data.get("angles", ()))
        return cls(data["name"], tuple(data["wires"]), angles)


@dataclass(frozen=True)
class Readout:
    """What a circuit returns: expectations of Pauli words such as "Z0" or "X0 Z3", or all 2^n probabilities.

    An expectation lies in [-1, 1]; one output a word, in the order given. Probabilities are ordered by basis state.
    """

    kind: Literal["expectation", "probabilities"]
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", _tuple(self.words, "the words of a readout"))
        if self.kind not in ("expectation", "probabilities"):
            raise CircuitError(f"Unknown readout {self.kind!r}.{near_names(str(self.kind), _READOUT_KINDS)}")
        if (self.kind == "expectation") != bool(self.words):
            raise CircuitError(f"A readout of kind {self.kind!r} cannot have the words {list(self.words)}.")
        for word in self.words:
            parse_word(word)

    @classmethod
    def each_wire(cls, n_wires: int, paulis: str = "Z") -> Readout:
        """Return one expectation a wire for each letter of ``paulis``, letter by letter.

        >>> Readout.each_wire(2, "ZX").words
        ('Z0', 'Z1', 'X0', 'X1')
        """
        return cls("expectation", tuple(f"{pauli}{wire}" for pauli in paulis for wire in range(n_wires)))

    @classmethod
    def probabilities(cls) -> Readout:
        """Return the probabilities of all basis states."""
        return cls("probabilities")

    def __str__(self) -> str:
        return ", ".join(f"<{word}>" for word in self.words) if self.words else "probabilities of all basis states"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"kind": self.kind, "words": list(self.words)} if self.words else {"kind": self.kind}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Readout:
        """Return the readout that ``to_dict`` wrote."""
        _only_keys(data, {"kind", "words"}, "a readout", required={"kind"})
        return cls(data["kind"], tuple(data.get("words", ())))


_READOUT_KINDS = ("expectation", "probabilities")


@dataclass(frozen=True)
class Circuit:
    """Gates applied in order to |0...0> of ``n_wires`` wires, then ``readout``. Checked when made.

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "gates", _tuple(self.gates, "the gates of a circuit"))
        if not _is_index(self.n_wires) or self.n_wires < 1:
            raise CircuitError(f"A circuit needs at least one wire, given n_wires={self.n_wires!r}.")
        if not all(isinstance(gate, Gate) for gate in self.gates):
            raise CircuitError("The gates of a circuit must be Gate objects: Gate(name, wires, angles).")
        outside = [f"{gate.name} on {gate.wires}" for gate in self.gates if max(gate.wires) >= self.n_wires]
        outside += [word for word in self.readout.words if max(wire for wire, _ in parse_word(word)) >= self.n_wires]
        if outside:
            known = f"wires 0 to {self.n_wires - 1}"
            raise CircuitError(f"The circuit has {known}, but these lie outside: {first_offenders(outside)}.")
        _without_gap("weight", self._used(lambda angle: angle.weights))
        _without_gap("input", self._used(lambda angle: angle.inputs))

    def _used(self, terms: Callable[[Angle], Terms]) -> set[int]:
        return {index for gate in self.gates for angle in gate.angles for index, _ in terms(angle)}

    @property
    def n_inputs(self) -> int:
        """Number of input features."""
        return len(self._used(lambda angle: angle.inputs))

    @property
    def n_weights(self) -> int:
        """Number of trainable weights."""
        return len(self._used(lambda angle: angle.weights))

    @property
    def n_outputs(self) -> int:
        """Number of values read out."""
        return len(self.readout.words) or 2**self.n_wires

    def __str__(self) -> str:
        counts = {"wire": self.n_wires, "gate": len(self.gates), "input": self.n_inputs}
        counts |= {"weight": self.n_weights, "output": self.n_outputs}
        head = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items())
        return "\n".join([head, *(f"  {gate}" for gate in self.gates), f"readout: {self.readout}"])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: the same circuit gives the same dictionary."""
        gates = [gate.to_dict() for gate in self.gates]
        readout = self.readout.to_dict()
        return {"format": FORMAT_VERSION, "n_wires": self.n_wires, "gates": gates, "readout": readout}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Circuit:
        """Return the circuit that ``to_dict`` wrote; raises CircuitError for unknown keys or another format."""
        keys = {"format", "n_wires", "gates", "readout"}
        _only_keys(data, keys, "a circuit", required=keys)
        if data["format"] != FORMAT_VERSION:
            raise CircuitError(f"Circuit format {data['format']!r} cannot be read, only format {FORMAT_VERSION}.")
        gates = tuple(Gate.from_dict(gate) for gate in data["gates"])
        return cls(data["n_wires"], gates, Readout.from_dict(data["readout"]))


def parse_word(word: str) -> tuple[tuple[int, str], ...]:
    """Return the (wire, letter) pairs of a Pauli word.

    >>> parse_word("X0 Z3")
    ((0, 'X'), (3, 'Z'))
    """
    factors = str(word).split()
    if not factors or not all(re.fullmatch(r"[XYZ]\d+", factor) for factor in factors):
        raise CircuitError(f"{word!r} is not a Pauli word; write letters X, Y or Z with their wires, like 'X0 Z3'.")
    pairs = tuple((int(factor[1:]), factor[0]) for factor in factors)
    if len({wire for wire, _ in pairs}) != len(pairs):
        raise CircuitError(f"The Pauli word {word!r} names a wire twice; give each wire one letter.")
    return pairs


def _terms(terms: Iterable[Iterable[Any]], noun: str) -> Terms:
    pairs = tuple(tuple(term) for term in _tuple(terms, f"the {noun} terms of an angle"))
    if not all(len(pair) == 2 and _is_index(pair[0]) for pair in pairs):
        raise CircuitError(f"The {noun} terms of an angle are (index, scale) pairs counted from 0, given {pairs}.")
    if len({pair[0] for pair in pairs}) != len(pairs):
        raise CircuitError(f"An angle names a {noun} twice, given {pairs}; add the scales into one term.")
    return tuple((int(index), _finite(scale, f"the scale of {noun} {index}")) for index, scale in pairs)


def _finite(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise CircuitError(f"{what[0].upper()}{what[1:]} must be a finite number, given {value!r}.")
    return float(value)


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _tuple(values: Any, what: str) -> tuple[Any, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise CircuitError(f"Expected a list for {what}, given {values!r}.")
    return tuple(values)


def _without_gap(noun: str, used: set[int]) -> None:
    missing = sorted(set(range(max(used, default=-1) + 1)) - used)
    if missing:
        raise CircuitError(
            f"No gate uses {noun} index {first_offenders(missing)}, though index {max(used)} is used; "
            f"number the {noun}s from 0 without a gap."
        )


def _only_keys(data: Any, known: set[str], what: str, required: frozenset[str] | set[str] = frozenset()) -> None:
    if not isinstance(data, Mapping):
        raise CircuitError(f"Expected a dictionary for {what}, given {data!r}.")
    for key in data:
        if key not in known:
            raise CircuitError(f"Unknown key {key!r} in {what}.{near_names(str(key), known)}")
    missing = sorted(required - set(data))
    if missing:
        raise CircuitError(f"The key(s) {', '.join(missing)} are missing from {what}, given {dict(data)!r}.")


def _listed(terms: Terms) -> list[list[float]]:
    return [[index, scale] for index, scale in terms]


def _term_text(scale: float, symbol: str) -> str:
    return symbol if scale == 1.0 else f"{scale:.6g}*{symbol}"
