"""What is read from the final state of a circuit, as plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qaugbench.circuits.checks import as_tuple, is_index, only_keys
from qaugbench.errors import CircuitError, near_names

ReadoutKind = Literal["expectation", "probabilities", "samples"]
_KINDS = ("expectation", "probabilities", "samples")


@dataclass(frozen=True)
class Readout:
    """What a circuit returns.

    - "expectation": the mean of each Pauli word such as "Z0" or "X0 Z3", in [-1, 1], in the order given.
    - "probabilities": of the basis states of ``wires`` (all wires if empty), ordered by basis state, the first wire
      named being the most significant bit; other wires are summed over.
    - "samples": one shot per sample, the bits of ``wires`` as 0.0 or 1.0; no gradient passes.

    ``postselect`` holds (wire, bit) pairs: probabilities and samples are conditional on these ancillas having
    these bits; ``wires`` then defaults to all others. Where that has probability zero, the outputs are nan.
    """

    kind: ReadoutKind
    words: tuple[str, ...] = ()
    wires: tuple[int, ...] = ()
    postselect: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", as_tuple(self.words, "the words of a readout"))
        object.__setattr__(self, "wires", as_tuple(self.wires, "the wires of a readout"))
        pairs = as_tuple(self.postselect, "the post-selection of a readout")
        object.__setattr__(self, "postselect", tuple(as_tuple(pair, "a (wire, bit) pair") for pair in pairs))
        if self.kind not in _KINDS:
            raise CircuitError(f"Unknown readout {self.kind!r}.{near_names(str(self.kind), _KINDS)}")
        if (self.kind == "expectation") != bool(self.words):
            raise CircuitError(f"A readout of kind {self.kind!r} cannot have the words {list(self.words)}.")
        if self.kind == "expectation" and (self.wires or self.postselect):
            raise CircuitError("A readout of expectations has words only; wires and postselect belong to the others.")
        for word in self.words:
            parse_word(word)
        if not all(len(pair) == 2 and pair[1] in (0, 1) for pair in self.postselect):
            raise CircuitError(f"Post-selection takes (wire, bit) pairs with bit 0 or 1, given {self.postselect}.")
        ancillas = [pair[0] for pair in self.postselect]
        named = [*self.wires, *ancillas]
        if not all(is_index(wire) for wire in named) or len(set(named)) != len(named):
            raise CircuitError(
                f"A readout needs distinct wires counted from 0, given {list(self.wires)} with ancillas {ancillas}."
            )

    @classmethod
    def each_wire(cls, n_wires: int, paulis: str = "Z") -> Readout:
        """Return one expectation per wire for each letter of ``paulis``, letter by letter.

        >>> Readout.each_wire(2, "ZX").words
        ('Z0', 'Z1', 'X0', 'X1')
        """
        return cls("expectation", tuple(f"{pauli}{wire}" for pauli in paulis for wire in range(n_wires)))

    @classmethod
    def probabilities(cls, wires: tuple[int, ...] = (), postselect: Mapping[int, int] | None = None) -> Readout:
        """Return the probabilities of the basis states of ``wires``, given the ancillas' bits in ``postselect``."""
        return cls("probabilities", wires=wires, postselect=tuple((postselect or {}).items()))

    @classmethod
    def samples(cls, wires: tuple[int, ...] = (), postselect: Mapping[int, int] | None = None) -> Readout:
        """Return one measured bitstring per sample."""
        return cls("samples", wires=wires, postselect=tuple((postselect or {}).items()))

    def used_wires(self) -> list[int]:
        """Return every wire that is named."""
        in_words = [wire for word in self.words for wire, _ in parse_word(word)]
        return [*in_words, *self.wires, *(wire for wire, _ in self.postselect)]

    def __str__(self) -> str:
        if self.words:
            return ", ".join(f"<{word}>" for word in self.words)
        what = "probabilities of" if self.kind == "probabilities" else "one sample of"
        wires = f"wires {' '.join(map(str, self.wires))}" if self.wires else "all basis states"
        given = ", ".join(f"wire {wire} is {bit}" for wire, bit in self.postselect)
        return f"{what} {wires}" + (f" given that {given}" if given else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; empty parts are left out."""
        parts: dict[str, Any] = {"words": list(self.words), "wires": list(self.wires)}
        parts["postselect"] = [list(pair) for pair in self.postselect]
        return {"kind": self.kind, **{key: value for key, value in parts.items() if value}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Readout:
        """Return the readout that ``to_dict`` wrote."""
        only_keys(data, {"kind", "words", "wires", "postselect"}, "a readout", required={"kind"})
        return cls(data["kind"], data.get("words", ()), data.get("wires", ()), data.get("postselect", ()))


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
