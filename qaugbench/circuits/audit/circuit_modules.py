"""The parts of a network that run circuits: every block, and every module that owns parameters declared to be a circuit's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from qaugbench.circuits.audit.parameter_names import scalar_name
from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.controls.classical_block import ClassicalBlock
from qaugbench.errors import CircuitError, near_names

CONTAINERS = (nn.ParameterList, nn.ParameterDict, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True, eq=False)
class Part:
    """A module that runs circuits; ``weights`` are those circuits' parameters, by name in the network."""

    name: str
    module: nn.Module
    weights: dict[str, nn.Parameter]

    @property
    def is_whole(self) -> bool:
        """Whether the part is the network itself."""
        return not self.name

    @property
    def is_classical(self) -> bool:
        """Whether the part is a control that runs no circuit."""
        return isinstance(self.module, Block) and not isinstance(self.module, QuantumBlock)

    @property
    def draws_samples(self) -> bool:
        """Whether the outputs are drawn at random, so that no gradient passes."""
        if isinstance(self.module, ClassicalBlock):
            return self.module.range.kind == "samples"
        return isinstance(self.module, Block) and self.module.circuit.output_kind == "samples"

    @property
    def ignores_inputs(self) -> bool:
        """Whether the part is a control that ignores its inputs, by design."""
        return isinstance(self.module, Block) and self.module.ignores_inputs

    def scalar_name(self, parameter: str, index: tuple[int, ...]) -> str:
        """Return a readable name of one scalar of ``weights[parameter]``."""
        inside = parameter.removeprefix(f"{self.name}." if self.name else "")
        return scalar_name(self.module, inside, index)


def parts_of(network: nn.Module, circuit_parameters: Iterable[str] = ()) -> list[Part]:
    """Return the parts of ``network`` in its own order.

    ``circuit_parameters`` names parameters of circuits that no ``Block`` runs, each in full ("generator.angles") or by the
    module that holds them ("generator").

    Raises:
        CircuitError: no part at all, or a name that the network does not have.
    """
    blocks = [(name, module) for name, module in network.named_modules() if isinstance(module, Block)]
    outermost = [(n, m) for n, m in blocks if not any(n.startswith(f"{o}." if o else "") and n != o for o, _ in blocks)]
    parts = [Part(name, module, _under(name, network)) for name, module in outermost]
    owned: dict[str, dict[str, nn.Parameter]] = {}
    for name in _named(network, circuit_parameters):
        owned.setdefault(_owner(name, network), {})[name] = network.get_parameter(name)
    parts += [Part(name, network.get_submodule(name), weights) for name, weights in owned.items()]
    if not parts:
        raise CircuitError(
            f"{type(network).__name__} holds no circuit block; name its circuits' parameters in circuit_parameters."
        )
    return parts


def _under(name: str, network: nn.Module) -> dict[str, nn.Parameter]:
    prefix = f"{name}." if name else ""
    return {known: parameter for known, parameter in network.named_parameters() if known.startswith(prefix)}


def _named(network: nn.Module, names: Iterable[str]) -> list[str]:
    known = dict(network.named_parameters())
    found: list[str] = []
    for name in names:
        meant = [name] if name in known else list(_under(name, network)) if name else []
        if not meant:
            raise CircuitError(f"{type(network).__name__} has no parameter {name!r}.{near_names(name, known)}")
        found += meant
    return list(dict.fromkeys(found))


def _owner(parameter: str, network: nn.Module) -> str:
    """Return the name of the innermost module around ``parameter`` that can be called."""
    name = parameter.rpartition(".")[0]
    while name and isinstance(network.get_submodule(name), CONTAINERS):
        name = name.rpartition(".")[0]
    return name
