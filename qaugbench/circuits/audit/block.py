"""Whether a block by itself takes part in learning: a circuit, or a control in its place."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any

import torch

from qaugbench.circuits.audit.differentiable import differentiable
from qaugbench.circuits.audit.findings import Check, Liveness
from qaugbench.circuits.audit.gradient_check import CHANGE, DEAD, Point
from qaugbench.circuits.audit.instrumented_network import Probe, moved
from qaugbench.circuits.audit.network import PASSES_BACK, audit_network
from qaugbench.circuits.audit.parameter_names import input_name
from qaugbench.circuits.audit.weights import outputs
from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.controls.classical_block import ClassicalBlock
from qaugbench.circuits.controls.no_entanglement import without_entanglement
from qaugbench.errors import CircuitError, first_offenders
from qaugbench.seeds import child_seed, torch_generator, torch_seeded

BATCH = 8
EACH_INPUT = "each input reaches the output"
ENTANGLES = "entanglers matter"


def audit_block(block: Block, *, seed: int = 0) -> Liveness:
    """Return whether ``block`` is live, on its own and at its present weights; it is not changed.

    In addition to the checks of ``audit_network``: every single input reaches the output, and the output differs from that of the
    same weights in the circuit without its entanglers. Inputs are uniform in [-pi, pi].
    """
    examined = _with_probabilities(block)
    random = torch_generator(child_seed(seed, "inputs"))
    inputs = (2 * torch.rand(BATCH, block.in_features, generator=random, dtype=torch.float64) - 1) * math.pi
    found = audit_network(examined, [inputs], seed=seed)
    checks = [*found.checks, _each_input(examined, inputs, seed), entanglers_matter(examined, inputs)]
    if examined is not block:
        checks = [_sampled(check) if check.question == PASSES_BACK else check for check in checks]
    return Liveness(tuple(checks), found.precision)


def _with_probabilities(block: Block) -> Block:
    """Return ``block``, or, where it draws samples, a copy that returns the probabilities they are drawn from."""
    if block.circuit.output_kind != "samples":
        return block
    if isinstance(block, QuantumBlock):
        return _at_weights_of(block, differentiable(block.circuit))
    if not isinstance(block, ClassicalBlock):
        return block
    means = copy.deepcopy(block)
    means.range = replace(block.range, kind="counts")
    return means


def _at_weights_of(block: QuantumBlock, circuit: Any) -> QuantumBlock:
    with torch_seeded(0):
        other = QuantumBlock(
            circuit,
            copies=block.copies,
            share_inputs=block.share_inputs,
            trainable=block.weights.requires_grad,
            dtype=torch.float64,
        )
    other.weights.data.copy_(block.weights.detach())
    return other


def _sampled(check: Check) -> Check:
    detail = "drawn samples pass no gradient; the other answers are about the probabilities behind them"
    return replace(check, state="none", detail=detail)


def _each_input(block: Block, inputs: torch.Tensor, seed: int) -> Check:
    if not block.in_features:
        return Check("none", EACH_INPUT, "it takes none")
    if block.ignores_inputs:
        return Check("none", EACH_INPUT, "this control ignores its inputs")
    point = Point(Probe(block, [inputs], {}, (), seed), child_seed(seed, "point", 0))
    gradient = point.gradients(outputs, point.probe.inputs)[0].abs().amax(dim=0)
    floor = max(DEAD[point.dtype] * float(gradient.max()), point.rounding(outputs))
    dead = (gradient <= floor).nonzero().flatten().tolist()
    if not dead:
        return Check("fine", EACH_INPUT, f"{block.in_features} inputs")
    named = first_offenders([input_name(block, column) for column in dead], 8)
    return Check("fails", EACH_INPUT, f"{len(dead)} of {block.in_features} do not: {named}")


def entanglers_matter(block: Block, inputs: torch.Tensor) -> Check:
    """Return whether the outputs at ``inputs`` differ from those of the same weights without entanglers."""
    if not isinstance(block, QuantumBlock):
        return Check("none", ENTANGLES, "there is no circuit")
    try:
        product = without_entanglement(block.circuit)
    except CircuitError as error:
        return Check("none", ENTANGLES, str(error))
    if product == block.circuit:
        return Check("none", ENTANGLES, "it has none")
    difference = _greatest_difference(block, product, inputs)
    if difference > CHANGE[torch.float64]:
        return Check("fine", ENTANGLES, f"outputs differ by up to {difference:.2g} without them")
    return Check("fails", ENTANGLES, "without them, every output is the same")


def _greatest_difference(block: QuantumBlock, product: Any, inputs: torch.Tensor) -> float:
    """Return the largest change that entanglers make to outputs: at the block's weights or, if none there, at random ones."""
    both = [_at_weights_of(block, circuit) for circuit in (block.circuit, product)]
    elsewhere = torch.randn(block.weights.shape, generator=torch_generator(0), dtype=torch.float64)
    for step in (torch.zeros_like(elsewhere), elsewhere):
        with torch.no_grad(), moved([one.weights for one in both], [step, step]):
            with_them, without = (one(inputs) for one in both)
        difference = float((with_them - without).abs().max())
        if difference > CHANGE[torch.float64]:
            break
    return difference
