"""A photonic circuit as plain data: components, the photons that come in, and how those going out are detected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qaugbench.circuits.checks import as_tuple, is_index, only_keys, without_gap
from qaugbench.circuits.circuit import Angle, Source, Terms
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.patterns import outcomes
from qaugbench.circuits.photonic.readout import PhotonicKind, PhotonicReadout
from qaugbench.errors import CircuitError, first_offenders

FORMAT_VERSION = 1


@dataclass(frozen=True)
class PhotonicCircuit:
    """Components applied in order to photons in ``input_state`` (how many in each mode), then ``readout``.

    ``distinguishable`` photons do not interfere, as if each had a colour of its own. Checked when made.

    Raises:
        CircuitError: a mode out of range, no photon, too many patterns to list, a readout that accepts none of them, or
            input or weight indices that do not run from 0 without a gap.

    >>> splitter = Component("BS.Rx", [0, 1], Angle.input(0))
    >>> print(PhotonicCircuit(2, [splitter], [1, 1], PhotonicReadout("probabilities")))
    2 modes, 2 photons |1,1>, 1 component, 1 input, 0 weights, 3 outputs
      BS.Rx  0 1    x[0]
    readout: probabilities of photon numbers of all modes
    """

    n_modes: int
    components: tuple[Component, ...]
    input_state: tuple[int, ...]
    readout: PhotonicReadout
    distinguishable: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "components", as_tuple(self.components, "the components of a photonic circuit"))
        object.__setattr__(self, "input_state", as_tuple(self.input_state, "the input state of a photonic circuit"))
        if not is_index(self.n_modes) or self.n_modes < 1:
            raise CircuitError(f"A photonic circuit needs at least one mode, given n_modes={self.n_modes!r}.")
        if not all(isinstance(component, Component) for component in self.components):
            raise CircuitError("The components of a photonic circuit must be Component objects.")
        if not isinstance(self.readout, PhotonicReadout):
            raise CircuitError(f"A photonic circuit needs a PhotonicReadout, given {self.readout!r}.")
        if not isinstance(self.distinguishable, bool):
            raise CircuitError(f"Photons are distinguishable or not, given distinguishable={self.distinguishable!r}.")
        self._check_modes()
        self._check_photons()
        without_gap("weight", self._used(lambda angle: angle.weights))
        without_gap("input", self._used(lambda angle: angle.inputs))

    def _check_modes(self) -> None:
        named = [(f"{each.name} on {each.modes}", max(each.modes)) for each in self.components]
        named += [(f"readout of mode {mode}", mode) for mode in self.readout.used_modes()]
        outside = [what for what, mode in named if mode >= self.n_modes]
        if outside:
            known = f"modes 0 to {self.n_modes - 1}"
            raise CircuitError(f"The circuit has {known}, but these lie outside: {first_offenders(outside)}.")

    def _check_photons(self) -> None:
        state = self.input_state
        if len(state) != self.n_modes or not all(is_index(count) for count in state) or sum(state) < 1:
            raise CircuitError(
                f"The input state gives the number of photons in each of {self.n_modes} modes, at least one in all, "
                f"given {list(state)}."
            )
        if not self.outcomes:
            raise CircuitError(f"The readout accepts no detection of {self.n_photons} photon(s): {self.readout}.")

    def _used(self, terms: Callable[[Angle], Terms]) -> set[int]:
        return {index for component in self.components for index, _ in terms(component.angle)}

    @property
    def n_photons(self) -> int:
        """Number of photons that come in."""
        return sum(self.input_state)

    @property
    def n_inputs(self) -> int:
        """Number of input features."""
        return len(self._used(lambda angle: angle.inputs))

    @property
    def n_weights(self) -> int:
        """Number of trainable weights."""
        return len(self._used(lambda angle: angle.weights))

    @property
    def outcomes(self) -> tuple[tuple[int, ...], ...]:
        """The accepted detections, each the photons or clicks of the read modes, in the order of the probabilities."""
        return outcomes(self.n_modes, self.n_photons, self.readout)

    @property
    def n_outputs(self) -> int:
        """Number of values read out."""
        return len(self.outcomes) if self.readout.kind == "probabilities" else len(self.read_modes)

    @property
    def read_modes(self) -> tuple[int, ...]:
        """Modes whose detections are read."""
        return self.readout.modes or tuple(range(self.n_modes))

    @property
    def output_kind(self) -> PhotonicKind:
        """What the outputs are: probabilities, mean counts in [0, output_high], or sampled counts."""
        return self.readout.kind

    @property
    def output_high(self) -> float:
        """The most that a mode can count, or 1 for a probability or a click."""
        is_count = self.readout.kind != "probabilities"
        return float(self.n_photons) if is_count and self.readout.counts_photons else 1.0

    def uses(self, source: Source, index: int) -> list[str]:
        """Return which components use a weight or an input, such as "BS.Rx on mode 0 1"."""
        using = (each for each in self.components if each.angle.uses(source, index))
        return [f"{each.name} on mode {' '.join(map(str, each.modes))}" for each in using]

    def __str__(self) -> str:
        photons = f"{_counted(self.n_photons, 'photon')} |{','.join(map(str, self.input_state))}>"
        counts = {"component": len(self.components), "input": self.n_inputs}
        counts |= {"weight": self.n_weights, "output": self.n_outputs}
        kind = ["distinguishable"] if self.distinguishable else []
        head = [_counted(self.n_modes, "mode"), " ".join([*kind, photons])]
        head += [_counted(count, noun) for noun, count in counts.items()]
        return "\n".join([", ".join(head), *(f"  {each}" for each in self.components), f"readout: {self.readout}"])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: the same circuit gives the same dictionary."""
        return {
            "format": FORMAT_VERSION,
            "n_modes": self.n_modes,
            "components": [component.to_dict() for component in self.components],
            "input_state": list(self.input_state),
            "readout": self.readout.to_dict(),
            "distinguishable": self.distinguishable,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PhotonicCircuit:
        """Return the circuit that ``to_dict`` wrote; raises CircuitError for unknown keys or another format."""
        keys = {"format", "n_modes", "components", "input_state", "readout", "distinguishable"}
        only_keys(data, keys, "a photonic circuit", required=keys)
        if data["format"] != FORMAT_VERSION:
            raise CircuitError(f"Photonic format {data['format']!r} cannot be read, only format {FORMAT_VERSION}.")
        components = tuple(Component.from_dict(each) for each in data["components"])
        readout = PhotonicReadout.from_dict(data["readout"])
        return cls(data["n_modes"], components, data["input_state"], readout, data["distinguishable"])


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
