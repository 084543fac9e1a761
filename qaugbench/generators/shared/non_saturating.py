"""One step of a GAN whose critic tells real from drawn by cross-entropy, for generators whose critic sees points alone."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from qaugbench.generators.contract import Optimizers, descend
from qaugbench.generators.shared.adversarial import gap


def non_saturating_step(
    critic: nn.Module, real: torch.Tensor, drawn: torch.Tensor, optimizers: Optimizers
) -> dict[str, torch.Tensor]:
    """Take one step of ``critic``, then one of what ``drawn`` depends on, against the changed critic (arXiv 1406.2661).

    ``critic`` maps points [n, *shape] to the logits [n, 1] of being real. The generator raises those of ``drawn``; it does not
    lower the critic's gain. Returns the losses by name; that of the critic is the sum over real and drawn points of their means.
    """
    real_scores, drawn_scores = critic(torch.cat([real, drawn.detach()])).chunk(2)
    told_apart = functional.softplus(-real_scores).mean() + functional.softplus(drawn_scores).mean()
    critic_loss = descend(optimizers["critic"], told_apart)
    generator_loss = descend(optimizers["generator"], functional.softplus(-critic(drawn)).mean())
    return {"generator": generator_loss, "critic": critic_loss, "gap": gap(real_scores, drawn_scores)}
