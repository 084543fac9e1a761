"""tensorcircuit-ng on jax, compiled: called from torch, as a model in torch would, or with everything in jax.

What makes it fast was searched for: a greedy path through one layer at a time, from state to state, and outputs from the
final state, since each expectation would contract the circuit again. Compilation is not timed; it takes 5 to 30 s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from qaugbench.circuits.readout import parse_word
from simulators.angles import gate_angles
from simulators.measure import Call, NotAvailable, torch_call
from simulators.workloads import DEPOLARIZING, READOUT_ERROR, Workload

GATES = {"RX": "rx", "RY": "ry", "RZ": "rz", "CZ": "cz", "CNOT": "cnot"}


def tensorcircuit(workload: Workload) -> Call:
    """Return the workload's call, all in jax; results are handed over as torch tensors after the timed part."""
    jax, function = _batched(workload)
    tensors = workload.tensors()
    inputs, weights, cotangent = (
        jax.numpy.asarray(tensor.numpy()) for tensor in (tensors.inputs, tensors.weights, tensors.cotangent)
    )

    def forward_backward(inputs: Any, weights: Any, cotangent: Any) -> Sequence[Any]:
        outputs, backward = jax.vjp(function, inputs, weights)
        return outputs, *(gradient for gradient in backward(cotangent) if gradient.size)

    made = jax.jit(forward_backward) if workload.backward else jax.jit(lambda x, w, _: (function(x, w),))
    return lambda: [torch.from_dlpack(array) for array in jax.block_until_ready(made(inputs, weights, cotangent))]


def tensorcircuit_from_torch(workload: Workload) -> Call:
    """Return the workload's call from torch: arrays are shared, both directions compiled."""
    if not workload.backward:
        raise NotAvailable("")
    jax, function = _batched(workload)
    forward = jax.jit(lambda inputs, weights: jax.vjp(function, inputs, weights))
    backward = jax.jit(lambda pullback, cotangent: pullback(cotangent))

    class InJax(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: torch.Tensor) -> torch.Tensor:
            outputs, ctx.pullback = forward(*(jax.dlpack.from_dlpack(t.detach().contiguous()) for t in tensors))
            return torch.from_dlpack(jax.block_until_ready(outputs))

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, ...]:
            found = backward(ctx.pullback, jax.dlpack.from_dlpack(gradient.contiguous()))
            return tuple(torch.from_dlpack(array) for array in jax.block_until_ready(found))

    return torch_call(InJax.apply, workload)


def _batched(workload: Workload) -> tuple[Any, Callable[[Any, Any], Any]]:
    """Return jax and the function from inputs [batch, ...] and weights [copies, ...] to outputs [batch, ...]."""
    if workload.shots:
        raise NotAvailable("")
    try:
        import jax
        import tensorcircuit
    except ImportError as error:
        raise NotAvailable("not installed") from error
    tensorcircuit.set_backend("jax")
    tensorcircuit.set_dtype("complex64")
    tensorcircuit.set_contractor("greedy")
    circuit, copies = workload.circuit, workload.copies

    def one(inputs: Any, weights: Any) -> Any:
        return _outputs(_final_state(tensorcircuit, workload, inputs, weights), workload, jax.numpy)

    of_copies = jax.vmap(one)
    of_samples = jax.vmap(of_copies, in_axes=(0, None))

    def function(inputs: Any, weights: Any) -> Any:
        parts = inputs.reshape(len(inputs), -1, circuit.n_inputs)
        parts = jax.numpy.broadcast_to(parts, (len(inputs), copies, circuit.n_inputs))
        return of_samples(parts, weights).reshape(len(inputs), -1)

    return jax, function


def _final_state(tensorcircuit: Any, workload: Workload, inputs: Any, weights: Any) -> Any:
    """Return the state [2^n], or the density matrix [2^n, 2^n] of a noisy workload, of one sample.

    Each layer starts from the state of the previous one: a contraction path through the whole circuit is several times slower.
    """
    circuit = workload.circuit
    kind, start = (tensorcircuit.DMCircuit, "dminputs") if workload.noisy else (tensorcircuit.Circuit, "inputs")
    made, is_entangled = kind(circuit.n_wires), False
    for gate, angles in zip(circuit.gates, gate_angles(circuit, inputs, weights), strict=True):
        if is_entangled and len(gate.wires) == 1:
            made = kind(circuit.n_wires, **{start: made.state()})
        is_entangled = len(gate.wires) == 2
        if gate.name == "Rot":
            made.unitary(*gate.wires, unitary=_euler_rotation(angles, tensorcircuit.backend))
        else:
            getattr(made, GATES[gate.name])(*gate.wires, **({"theta": angles[0]} if angles else {}))
        for wire in gate.wires if workload.noisy else ():
            made.depolarizing(wire, px=DEPOLARIZING / 3, py=DEPOLARIZING / 3, pz=DEPOLARIZING / 3)
    return made.state()


def _euler_rotation(angles: Any, backend: Any) -> Any:
    """Return RZ(third) RY(second) RZ(first) as one matrix."""
    first, second, third = angles
    plus, minus = (first + third) / 2, (first - third) / 2
    a = backend.cos(second / 2) * backend.exp(-1j * plus)
    b = backend.sin(second / 2) * backend.exp(-1j * minus)
    return backend.stack([backend.stack([a, -backend.conj(b)]), backend.stack([b, backend.conj(a)])])


def _outputs(state: Any, workload: Workload, jnp: Any) -> Any:
    probabilities = jnp.real(jnp.diagonal(state)) if workload.noisy else jnp.real(state) ** 2 + jnp.imag(state) ** 2
    if not workload.circuit.readout.words:
        return probabilities
    values = []
    for ((wire, letter),) in map(parse_word, workload.circuit.readout.words):
        if letter == "Z":
            zeros, ones = jnp.unstack(probabilities.reshape(2**wire, 2, -1), axis=1)
            values.append(jnp.sum(zeros - ones))
        else:
            zeros, ones = jnp.unstack(state.reshape(2**wire, 2, -1), axis=1)
            values.append(2 * jnp.sum(jnp.real(jnp.conj(zeros) * ones)))
    return jnp.stack(values) * (1 - 2 * READOUT_ERROR if workload.noisy else 1.0)
