"""How much memory patterns of photons take, and a clear error if there is too little."""

from __future__ import annotations

import psutil
import torch

from qaugbench.errors import CircuitError

_SMALL = 2**28  # bytes: less is not worth asking the system about
_TENSORS = 3  # of the size of the last step: gathered amplitudes, gathered permanents, and their products


def check_memory(n_rows: int, n_photons: int, weights: torch.Tensor, what: str) -> None:
    """Raise if ``n_rows`` complex permanents of ``n_photons`` photons, in the precision of ``weights``, do not fit.

    Raises:
        CircuitError: with the bytes needed and those free.
    """
    needed = _TENSORS * n_rows * n_photons * 2 * weights.element_size()
    if needed < _SMALL:
        return
    free = torch.cuda.mem_get_info(weights.device)[0] if weights.is_cuda else psutil.virtual_memory().available
    if needed > free:
        raise CircuitError(
            f"{what} need about {needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free; "
            "use a smaller batch, fewer photons or modes, or post-select fewer patterns."
        )
