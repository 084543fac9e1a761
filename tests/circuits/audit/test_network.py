"""The audit of whole networks: each published defect is planted beside its healthy version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pennylane as qml
import pytest
import torch
from torch import nn

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.audit.batch_independence import APART
from qaugbench.circuits.audit.instrumented_network import Probe
from qaugbench.circuits.audit.network import (
    INPUT_FOLLOWS,
    INPUTS_USED,
    IS_CALLED,
    OUTPUT_USED,
    PASSES_BACK,
    UPSTREAM,
    audit_network,
)
from qaugbench.circuits.audit.unused import CALLED, USED
from qaugbench.circuits.audit.weights import FOLLOWED, RECEIVE
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.controls.build import build_block
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_seeded
from tests.circuits.audit import planted

Build = Callable[..., nn.Module]


@dataclass(frozen=True)
class Defect:
    """A planted defect: the shape of the network's input, what fails, and a part of each message."""

    build: Build
    shape: tuple[int, ...]
    fails: dict[str, str]
    circuit_parameters: tuple[str, ...] = ()


DEFECTS = {
    "QDDPM: forward never calls the circuit": Defect(
        planted.QuantumConvolution, (4, 1, 4, 4), {IS_CALLED: "this QuantumBlock is never called"}
    ),
    "QDDPM, own circuit: forward never calls it": Defect(
        planted.UncalledCircuit,
        (4, 1, 4, 4),
        {RECEIVE: "all 8 receive none, and they change nothing", FOLLOWED: "randomising them changes nothing"},
        ("block",),
    ),
    "De Falco: 24 of 28 gates are missing": Defect(
        planted.EmptyLoop,
        (3, 12),
        {RECEIVE: "24 of 28 receive none, and they change nothing: angles[4], angles[5]"},
        ("quantum.angles",),
    ),
    "De Falco: the second output is ignored": Defect(
        planted.TwoCircuits,
        (4, 4),
        {
            OUTPUT_USED: "second: its output reaches the network's output: it is ignored",
            RECEIVE: "second: each weight receives gradient: all 8 receive none, and they change nothing",
            FOLLOWED: "second",
        },
    ),
    "MosaiQ: torch.tensor(f)": Defect(
        planted.NewTensor,
        (4, 3),
        {
            OUTPUT_USED: "no gradient comes back: it was detached, or copied into a new tensor",
            RECEIVE: "all 20 receive none, although they change the output",
            USED: "before, a Linear, changes the output, but gets no gradient",
        },
    ),
    "MosaiQ: features of other samples": Defect(planted.PatchMixer, (4, 4), {APART: "sample 0 reaches 1, 2, 3"}),
    "Quantum_MNIST_Diffusion: x.detach()": Defect(
        planted.DetachedInput,
        (4, 5),
        {
            UPSTREAM: "these layers change its input, but no gradient comes back: it was detached",
            USED: "project, a Linear, changes the output, but gets no gradient",
        },
    ),
    "Fmahlow: clone().detach()": Defect(
        planted.PatchGenerator, (4, 4), {RECEIVE: "all 40 receive none, although they change the output"}, ("angles",)
    ),
    "MediQ-GAN: declared and never used": Defect(
        planted.SkipConnection,
        (4, 4),
        {
            USED: "the parameter skip_scale is declared and never used",
        },
    ),
    "gradients are not recorded": Defect(
        planted.NoGradient,
        (4, 4),
        {OUTPUT_USED: "first", RECEIVE: "first", PASSES_BACK: "first", UPSTREAM: "second"},
    ),
    "half of the input is detached": Defect(
        planted.HalfDetachedInput, (4, 5), {UPSTREAM: "only part of the gradient comes back"}
    ),
    "the output is rounded": Defect(
        planted.Rounded,
        (4, 3),
        {OUTPUT_USED: "no gradient comes back", RECEIVE: "all 20 receive none, although they change", USED: "before"},
    ),
    "always the same input": Defect(
        planted.ConstantInput,
        (4, 5),
        {
            INPUT_FOLLOWS: "it stays the same whatever goes into the network",
            RECEIVE: "4 of 8 receive none, and they change nothing: w[0] (RZ on wire 0)",
            USED: "project, a Linear, is called without effect",
        },
    ),
    "always the same image": Defect(
        planted.IgnoredNoise,
        (4, 3),
        {INPUT_FOLLOWS: "it stays the same", INPUTS_USED: "argument 1, a [4, 3] tensor, changes nothing"},
    ),
    "the second call is ignored": Defect(
        planted.SecondCall, (4, 4), {OUTPUT_USED: "that of call 2 of 2 is ignored or cut off"}
    ),
}


def network_of(defect: Defect, *, healthy: bool) -> tuple[nn.Module, torch.Tensor]:
    with torch_seeded(1):
        return defect.build(healthy=healthy), torch.randn(defect.shape)


@pytest.mark.parametrize("name", DEFECTS)
def test_a_healthy_network_passes(name: str) -> None:
    network, inputs = network_of(DEFECTS[name], healthy=True)
    found = audit_network(network, [inputs], circuit_parameters=DEFECTS[name].circuit_parameters)
    assert found.is_live, str(found)
    assert found.precision == "float64"


@pytest.mark.filterwarnings("ignore:To copy construct from a tensor")
@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_caught_and_named(name: str) -> None:
    network, inputs = network_of(DEFECTS[name], healthy=False)
    found = audit_network(network, [inputs], circuit_parameters=DEFECTS[name].circuit_parameters)
    assert {check.question for check in found.failures} == DEFECTS[name].fails.keys()
    for question, message in DEFECTS[name].fails.items():
        assert any(message in str(check) for check in found.failures if check.question == question), str(found)


def test_our_own_circuits_cannot_declare_weights_that_no_gate_uses() -> None:
    """What makes De Falco's missing gates impossible in a block: its weights are those that its gates name."""
    circuit = qldm_circuit(12, 2)
    with pytest.raises(CircuitError, match="weight"):
        Circuit(12, circuit.gates[12 + 4 :], circuit.readout)
    shorter = Circuit(12, circuit.gates[: 12 + 4], circuit.readout)
    assert QuantumBlock(shorter).weights.numel() == shorter.n_weights == 12


def test_everything_declared_and_not_used_is_named() -> None:
    network, latent = network_of(DEFECTS["MediQ-GAN: declared and never used"], healthy=False)
    found = audit_network(network, [latent])
    unused = [check.detail for check in found.failures]
    assert unused == [
        "the parameter skip_scale is declared and never used",
        "attention, a Sequential, is declared and never used",
        "skip, a Linear, is declared and never used",
    ]
    (uncalled,) = [check for check in found.checks if check.question == CALLED]
    assert uncalled.state == "note"
    assert uncalled.detail == "never: attention.1, pool"


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="backprop")
def by_pennylane(inputs: torch.Tensor, weights: torch.Tensor) -> list[object]:
    """Two wires; the last RZ of each has no effect, and is left out of ``weights`` by fixing it at zero."""
    qml.AngleEmbedding(inputs, wires=range(2))
    for layer in range(2):
        for wire in range(2):
            qml.RX(weights[layer, wire], wires=wire)
        qml.CNOT(wires=[0, 1])
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]


class OtherLibrary(nn.Module):
    """A circuit run by another library, in single precision."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        self.healthy = healthy
        self.before = nn.Linear(3, 2)
        self.quantum = qml.qnn.TorchLayer(by_pennylane, {"weights": (2, 2)})
        self.after = nn.Linear(2, 2)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        angles = self.before(inputs)
        return angles + self.after(self.quantum(angles if self.healthy else angles.detach()).float())


@pytest.mark.parametrize("healthy", [True, False])
def test_a_circuit_of_another_library_is_audited_in_its_own_precision(healthy: bool) -> None:
    with torch_seeded(0):
        network, inputs = OtherLibrary(healthy=healthy), torch.randn(3, 3)
    found = audit_network(network, [inputs], circuit_parameters=["quantum"])
    assert found.precision == "float32"
    assert [check.question for check in found.failures] == ([] if healthy else [UPSTREAM]), str(found)


class Conditional(nn.Module):
    """Noise, labels as numbers and a keyword: all must count. A layer starts at zero, as residual branches do."""

    def __init__(self, block: nn.Module, *, uses_scale: bool = True, uses_labels: bool = True) -> None:
        super().__init__()
        self.block, self.uses_scale, self.uses_labels = block, uses_scale, uses_labels
        self.embedding = nn.Embedding(3, 4)
        self.last = nn.Linear(4, 5)
        nn.init.zeros_(self.last.weight)

    def forward(self, noise: torch.Tensor, labels: torch.Tensor, *, scale: torch.Tensor) -> dict[str, torch.Tensor]:
        embedded = self.embedding(labels if self.uses_labels else torch.zeros_like(labels))
        image = self.last(self.block(noise + embedded))
        return {"image": image * (1 + scale) if self.uses_scale else image, "mask": labels > 0}


def conditional(
    block: nn.Module | None = None, **uses: bool
) -> tuple[nn.Module, list[torch.Tensor], dict[str, torch.Tensor]]:
    with torch_seeded(2):
        network = Conditional(block or QuantumBlock(qldm_circuit(4, 1)), **uses)
        return network, [torch.randn(4, 4), torch.tensor([0, 1, 2, 1])], {"scale": torch.randn(4, 1)}


def test_several_inputs_and_a_layer_that_starts_at_zero_are_live() -> None:
    network, args, kwargs = conditional()
    found = audit_network(network, args, kwargs)
    assert found.is_live, str(found)
    named = [check.detail for check in found.checks if check.question == INPUTS_USED]
    assert named == ["argument 1", "argument 2", "argument scale"]


def test_an_input_that_changes_nothing_is_named() -> None:
    network, args, kwargs = conditional(uses_scale=False)
    (failure,) = audit_network(network, args, kwargs).failures
    assert failure.detail == "argument scale, a [4, 1] tensor, changes nothing"
    network, args, kwargs = conditional(uses_labels=False)
    found = audit_network(network, args, kwargs)
    assert found.state(INPUTS_USED) == "note"
    assert "permuting argument 2 changes nothing" in str(found)


def test_a_control_that_ignores_its_inputs_is_no_defect() -> None:
    with torch_seeded(0):
        block = build_block(qldm_circuit(4, 1), "random")
    network, args, kwargs = conditional(block)
    found = audit_network(network, args, kwargs)
    assert found.is_live, str(found)
    assert found.state(PASSES_BACK) == found.state(USED) == "none"


def test_sampled_bits_are_said_to_pass_no_gradient() -> None:
    gates = [Gate("RY", [wire], [Angle(0.0, ((wire, 1.0),), ((wire, 1.0),))]) for wire in range(4)]
    network, args, kwargs = conditional(QuantumBlock(Circuit(4, gates, Readout.samples())))
    found = audit_network(network, args, kwargs)
    assert found.is_live, str(found)
    assert found.state(RECEIVE) == found.state(PASSES_BACK) == found.state(USED) == "none"
    assert "embedding, a Embedding, feeds a circuit that draws samples" in str(found)


def test_batch_statistics_mix_samples_in_training_only() -> None:
    network = nn.Sequential(QuantumBlock(qldm_circuit(4, 1)), nn.BatchNorm1d(4, affine=False))
    assert audit_network(network, [torch.randn(4, 4)]).is_live
    network[1] = nn.BatchNorm1d(4, affine=False, track_running_stats=False)
    assert [check.question for check in audit_network(network, [torch.randn(4, 4)]).failures] == [APART]


class OwnNoise(nn.Module):
    """Draws noise by itself, from torch's global state and through dropout that does not heed evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.block = QuantumBlock(qldm_circuit(4, 1))

    def forward(self, angles: torch.Tensor, *, keep: torch.Tensor) -> torch.Tensor:
        noisy = nn.functional.dropout(angles + torch.randn_like(angles), 0.1)
        return torch.where(keep[:, None], self.block(noisy), noisy)


def test_noise_drawn_inside_is_no_dependence_and_masks_may_trade_places() -> None:
    with torch_seeded(5):
        network, angles = OwnNoise(), torch.randn(4, 4)
    found = audit_network(network, [angles], {"keep": torch.tensor([True, True, False, True])})
    assert found.is_live, str(found)
    assert "fine   the output depends on the network's input: argument keep" in str(found).splitlines()


def test_runs_do_not_hang_on_global_randomness() -> None:
    network, inputs = OwnNoise(), [torch.randn(4, 4)]
    outputs = []
    for seed in (1, 2):
        with torch_seeded(seed):
            outputs += Probe(network, inputs, {"keep": torch.ones(4, dtype=torch.bool)}, (), 0).run().outputs
    assert torch.equal(*outputs)


def test_fixed_weights_are_noted_and_randomised_all_the_same() -> None:
    network = nn.Sequential(nn.Linear(4, 4), QuantumBlock(qldm_circuit(4, 1), trainable=False))
    found = audit_network(network, [torch.randn(2, 4)])
    assert found.is_live
    assert (found.state(RECEIVE), found.state(FOLLOWED)) == ("note", "fine")


def test_the_audit_leaves_network_and_arguments_as_they_were() -> None:
    network, args, kwargs = conditional()
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random, noise = torch.get_rng_state(), args[0].clone()
    audit_network(network, args, kwargs)
    assert network.training
    assert torch.equal(random, torch.get_rng_state())
    assert torch.equal(noise, args[0])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_unknown_names_and_networks_without_circuits_are_refused() -> None:
    network, inputs = planted.PatchGenerator(healthy=True), torch.randn(2, 4)
    with pytest.raises(CircuitError, match=r"no parameter 'angels'.*Did you mean 'angles"):
        audit_network(network, [inputs], circuit_parameters=["angels"])
    with pytest.raises(CircuitError, match="holds no circuit block; name its circuits' parameters"):
        audit_network(network, [inputs])


def test_a_network_that_cannot_run_says_why() -> None:
    with pytest.raises(CircuitError, match=r"Sequential cannot be run on these arguments: .*mat1 and mat2"):
        audit_network(nn.Sequential(nn.Linear(4, 4), QuantumBlock(qldm_circuit(4, 1))), [torch.randn(2, 3)])
