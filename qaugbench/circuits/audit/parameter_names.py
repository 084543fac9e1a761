"""Readable names of single parameters: a circuit's weight is named by the gates that use it."""

from __future__ import annotations

from torch import nn

from qaugbench.circuits.block import Block, QuantumBlock


def scalar_name(module: nn.Module, parameter: str, index: tuple[int, ...]) -> str:
    """Return the name of one scalar of ``module``'s parameter, such as "w[3] (RY on wire 0)" or "angles[0, 3]"."""
    if not isinstance(module, QuantumBlock) or parameter != "weights":
        return f"{parameter}{list(index)}" if index else parameter
    copy = f" of copy {index[0]}" if module.copies > 1 else ""
    return f"w[{index[1]}] ({', '.join(module.circuit.uses('weights', index[1]))}){copy}"


def input_name(block: Block, column: int) -> str:
    """Return the name of one column of a block's inputs, such as "x[3] (RX on wire 3)"."""
    copy, index = divmod(column, block.circuit.n_inputs)
    of_copy = f" of copy {copy}" if block.copies > 1 and not block.share_inputs else ""
    uses = block.circuit.uses("inputs", index) if isinstance(block, QuantumBlock) else []
    return f"x[{index}]" + (f" ({', '.join(uses)})" if uses else "") + of_copy
