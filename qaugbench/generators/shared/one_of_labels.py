"""One label of each label vector, for models of one label that draw for vectors of any."""

from __future__ import annotations

import torch


def with_none(labels: torch.Tensor) -> torch.Tensor:
    """Return label vectors [n, k] with one more label, that of vectors without any, [n, k + 1]."""
    return torch.cat([labels, (labels.sum(dim=1, keepdim=True) == 0).to(labels)], dim=1)


def one_of_each(present: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Return the number of one label of each vector [n, k], all of its labels equally likely, by ``uniform`` [n, 1] in [0, 1)."""
    below = present.cumsum(dim=1)
    return (below <= uniform * below[:, -1:]).sum(dim=1)
