"""The memory that state vectors need, checked before any work."""

from __future__ import annotations

import psutil
import torch

from qaugbench.errors import CircuitError

UNCHECKED_BYTES = 2**27  # asking the system costs more than such small circuits
TABLE_BYTES = 16  # per step and basis state
# States held at once, with the temporaries of starts and readouts (measured): where no step differs from sample to
# sample, and where some do; without a gradient, and with one.
HELD_STATES = {False: (4, 8), True: (8, 18)}


def check_circuit(n_wires: int, n_steps: int) -> None:
    """Raise CircuitError, saying how many bytes are needed, if one sample of a circuit is too large for this machine."""
    by_state = HELD_STATES[False][0] * torch.complex64.itemsize + TABLE_BYTES * n_steps
    needed = by_state * 2**n_wires
    if needed <= UNCHECKED_BYTES:
        return
    total = max([psutil.virtual_memory().total, *map(_total, range(torch.cuda.device_count()))])
    if needed > total:
        raise CircuitError(
            f"The state vector of {n_wires} wires, with the tables of {n_steps} steps, takes {_text(needed)}, and this "
            f"machine has {_text(total)}; use at most {(total // by_state).bit_length() - 1} wires."
        )


def check_batch(
    n_wires: int, copies: int, batch: int, like: torch.Tensor, *, is_sampled: bool, wants_gradient: bool
) -> None:
    """Raise CircuitError, saying how many bytes are needed, if the states of a batch do not fit into free memory.

    ``is_sampled``: steps after the start differ from sample to sample.
    """
    amplitude = 2 * like.element_size() * HELD_STATES[is_sampled][wants_gradient]
    needed = amplitude * copies * batch * 2**n_wires
    if needed <= UNCHECKED_BYTES:
        return
    free = _free(like.device)
    if needed > free:
        most = free // (amplitude * copies * 2**n_wires)
        remedy = f"at most {most} samples at once" if most else "fewer wires, fewer copies or float32"
        raise CircuitError(
            f"State vectors of {n_wires} wires for {copies} copies and {batch} samples take {_text(needed)}, and "
            f"{_text(free)} are free on {like.device}; use {remedy}."
        )


def _free(device: torch.device) -> int:
    if device.type != "cuda":
        return int(psutil.virtual_memory().available)
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0] + unused)


def _total(index: int) -> int:
    return int(torch.cuda.get_device_properties(index).total_memory)


def _text(n_bytes: int) -> str:
    return f"{n_bytes:,} bytes ({n_bytes / 2**30:,.1f} GiB)"
