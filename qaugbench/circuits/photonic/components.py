"""What a photonic circuit is made of: each component's name, and the matrix by which it maps modes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qaugbench.circuits.checks import as_tuple, is_index, only_keys
from qaugbench.circuits.circuit import Angle
from qaugbench.errors import CircuitError, near_names


@dataclass(frozen=True)
class ComponentKind:
    """What a component's name stands for; its matrix has one row per outgoing mode and one column per incoming mode."""

    n_modes: int
    meaning: str


# Names and matrices are Perceval's. A photon that enters in mode j leaves in mode i with amplitude [i, j].
COMPONENTS: dict[str, ComponentKind] = {
    "PS": ComponentKind(1, "exp(i angle)"),
    "BS.Rx": ComponentKind(2, "[[cos, i sin], [i sin, cos]] of angle/2"),
    "BS.Ry": ComponentKind(2, "[[cos, -sin], [sin, cos]] of angle/2"),
    "BS.H": ComponentKind(2, "[[cos, sin], [sin, -cos]] of angle/2"),
}


@dataclass(frozen=True)
class Component:
    """One phase shifter or beam splitter on ``modes`` with its ``angle``; see ``COMPONENTS`` for the names.

    >>> print(Component("BS.Rx", [0, 1], Angle.weight(3)))
    BS.Rx  0 1    w[3]
    """

    name: str
    modes: tuple[int, ...]
    angle: Angle

    def __post_init__(self) -> None:
        object.__setattr__(self, "modes", as_tuple(self.modes, f"the modes of component {self.name!r}"))
        if self.name not in COMPONENTS:
            raise CircuitError(f"Unknown component {self.name!r}.{near_names(str(self.name), COMPONENTS)}")
        kind = COMPONENTS[self.name]
        if len(self.modes) != kind.n_modes:
            raise CircuitError(f"Component {self.name} acts on {kind.n_modes} mode(s), given {self.modes}.")
        if not all(is_index(mode) for mode in self.modes) or len(set(self.modes)) != len(self.modes):
            raise CircuitError(f"Component {self.name} needs distinct modes counted from 0, given {self.modes}.")
        if not isinstance(self.angle, Angle):
            raise CircuitError(f"The angle of component {self.name} must be an Angle object, given {self.angle!r}.")

    def __str__(self) -> str:
        return f"{self.name:<6} {' '.join(map(str, self.modes)):<6} {self.angle}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"name": self.name, "modes": list(self.modes), "angle": self.angle.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Component:
        """Return the component that ``to_dict`` wrote."""
        keys = {"name", "modes", "angle"}
        only_keys(data, keys, "a component", required=keys)
        return cls(data["name"], data["modes"], Angle.from_dict(data["angle"]))
