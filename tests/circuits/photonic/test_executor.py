from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic import memory
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.detection_yield import detection_yield
from qaugbench.circuits.photonic.meshes import rectangular
from qaugbench.circuits.photonic.readout import Detected, PhotonicReadout, no_bunching
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator
from tests.circuits.photonic.running import ask, plainly, run, two_meshes

ALL = PhotonicReadout("probabilities")
BALANCED = Component("BS.Ry", [0, 1], Angle.constant(np.pi / 2))


@pytest.mark.parametrize("noise", [None, PhotonicNoise(0.9, 0.97, indistinguishability=0.9)], ids=["ideal", "noisy"])
def test_single_precision_is_close_to_double(noise: PhotonicNoise | None) -> None:
    circuit = two_meshes(6, [1, 1, 1, 0, 0, 0], ALL)
    inputs, weights, cotangent = ask(circuit, 0)
    found = []
    for dtype in (torch.float32, torch.float64):
        given = [torch.tensor(values, dtype=dtype, requires_grad=True) for values in (inputs, weights)]
        outputs = build_executor(circuit, Execution(noise=noise)).to(dtype)(*given)
        assert outputs.dtype == dtype
        slopes = torch.autograd.grad((outputs * torch.tensor(cotangent)).sum(), given)
        found.append([outputs.detach().double(), *(slope.double() for slope in slopes)])
    for single, double, tolerance in zip(*found, (1e-5, 1e-4, 1e-4), strict=True):
        torch.testing.assert_close(single, double, atol=tolerance, rtol=0)


@pytest.mark.parametrize("share_inputs", [False, True])
def test_copies_in_a_block_are_circuits_side_by_side(share_inputs: bool) -> None:
    circuit = two_meshes(3, [1, 1, 0], PhotonicReadout("counts", "threshold"))
    block = QuantumBlock(circuit, copies=3, share_inputs=share_inputs, dtype=torch.float64)
    inputs = torch.randn(4, block.in_features, generator=torch_generator(0), dtype=torch.float64)
    weights = block.weights.detach().numpy()
    each = inputs.numpy()[None].repeat(3, 0) if share_inputs else inputs.unflatten(1, (3, 3)).transpose(0, 1).numpy()
    side_by_side = np.concatenate(list(plainly(circuit, each, weights)), axis=1)
    np.testing.assert_allclose(block(inputs).detach(), side_by_side, atol=1e-12)
    assert torch.equal(block(inputs), block(inputs))


def test_circuit_without_inputs_repeats_its_answer() -> None:
    circuit = PhotonicCircuit(3, rectangular(3), [1, 1, 0], PhotonicReadout("probabilities"))
    block = QuantumBlock(circuit, copies=2)
    assert block(torch.zeros(5, 0)).shape == (5, 12)
    assert torch.equal(block(torch.zeros(5, 0))[0], block(torch.zeros(5, 0))[4])


@pytest.mark.parametrize("noise", [None, PhotonicNoise(transmission=0.9)], ids=["ideal", "noisy"])
def test_what_never_happens_is_nan_when_asked_for(noise: PhotonicNoise | None) -> None:
    coincidence = PhotonicReadout("probabilities", accept=no_bunching(2))
    found = run(PhotonicCircuit(2, [BALANCED], [1, 1], coincidence), np.zeros((1, 1, 0)), np.zeros((1, 0)), noise)
    assert np.isnan(found).all()
    one_photon = PhotonicReadout("probabilities", at_least=1, accept=[Detected(at_most=1)])
    found = run(PhotonicCircuit(2, [BALANCED], [1, 1], one_photon), np.zeros((1, 1, 0)), np.zeros((1, 0)), noise)
    assert np.isnan(found).all() if noise is None else np.allclose(found, 0.5)


def test_what_photons_cannot_do_is_refused() -> None:
    circuit = PhotonicCircuit(2, [BALANCED], [1, 1], ALL)
    with pytest.raises(CircuitError, match="transmissions of 3 modes, the circuit has 2"):
        build_executor(circuit, Execution(noise=PhotonicNoise(mode_transmissions=(1, 1, 1))))
    with pytest.raises(CircuitError, match="noise of a photonic circuit is a PhotonicNoise, given 'much'"):
        build_executor(circuit, Execution(noise="much"))
    with pytest.raises(CircuitError, match="does not run on the device torino"):
        build_executor(circuit, Execution(shots=10, device="torino"))
    qubit = Circuit(1, [], Readout.each_wire(1))
    with pytest.raises(CircuitError, match="photonic noise acts on photons"):
        build_executor(qubit, Execution(noise=PhotonicNoise()))


def test_yield_follows_the_execution_of_a_block() -> None:
    block = QuantumBlock(two_meshes(3, [1, 1, 0], ALL), copies=2, dtype=torch.float64)
    inputs = torch.randn(4, 6, generator=torch_generator(0))
    for transmission in (1.0, 0.5):
        block.run_under(Execution(noise=PhotonicNoise(transmission)))
        found = detection_yield(block, inputs)
        torch.testing.assert_close(found, torch.full((4, 2), transmission**2, dtype=torch.float64))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(
    "noise", [None, PhotonicNoise(0.9, 0.97, indistinguishability=0.9, g2=0.02)], ids=["ideal", "noisy"]
)
def test_cuda_agrees_with_the_cpu(noise: PhotonicNoise | None) -> None:
    circuit = two_meshes(6, [1, 1, 1, 0, 0, 0], ALL)
    inputs, weights, cotangent = ask(circuit, 0)
    found = []
    for device in ("cpu", "cuda"):
        given = [torch.tensor(values, device=device, requires_grad=True) for values in (inputs, weights)]
        outputs = build_executor(circuit, Execution(noise=noise)).double().to(device)(*given)
        loss = (outputs * torch.tensor(cotangent, device=device)).sum()
        found.append([part.detach().cpu() for part in (outputs, *torch.autograd.grad(loss, given))])
    for on_cpu, on_cuda in zip(*found, strict=True):
        torch.testing.assert_close(on_cpu, on_cuda, atol=1e-10, rtol=0)


def test_too_little_memory_is_said_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: SimpleNamespace(available=3 * 10**8))
    executor = build_executor(two_meshes(8, [1, 1, 1, 0, 0, 0, 0, 0], ALL), IDEAL).float()
    message = r"6,000,000 permanents .* need about 0.4 GB, and 0.3 GB are free; use a smaller batch"
    with pytest.raises(CircuitError, match=message):
        executor(torch.zeros(1, 50_000, 8), torch.zeros(1, 112))
