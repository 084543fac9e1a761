"""One step of a Wasserstein GAN with gradient penalty, for generators whose critic sees points alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from qaugbench.generators.contract import Optimizers, descend
from qaugbench.generators.shared.adversarial import between, gap, gradient_penalty, wasserstein_loss


def wasserstein_step(
    critic: nn.Module,
    draw: Callable[[torch.Tensor], torch.Tensor],
    real: torch.Tensor,
    noise: torch.Tensor,
    optimizers: Optimizers,
    random: torch.Generator,
    *,
    penalty: float,
    critic_steps: int,
) -> dict[str, torch.Tensor]:
    """Take a step of ``critic`` for each part of the real points and of the noise, then one of what ``draw`` depends on.

    ``real`` [n, *shape] and ``noise`` [n, ...] are cut into ``critic_steps`` parts; the generator's step uses the noise of the last
    (algorithm 1 of arXiv 1704.00028). ``critic`` maps points [n, *shape] to scores [n, 1], ``draw`` noise to points. Returns the
    losses by name. A generator without anything to train, as under some controls, stays as it is.
    """
    with torch.no_grad():
        drawn = draw(noise)
    for own, other in zip(real.chunk(critic_steps), drawn.chunk(critic_steps), strict=True):
        real_scores, drawn_scores = critic(torch.cat([own, other])).chunk(2)
        slope = gradient_penalty(critic, between(own, other, random))
        loss = descend(optimizers["critic"], wasserstein_loss(real_scores, drawn_scores) + penalty * slope)
    # Not with a constant critic, since then nothing could be differentiated where the generator has no weights.
    generator = descend(optimizers["generator"], -critic(draw(noise.chunk(critic_steps)[-1])).mean())
    return {"critic": loss, "penalty": slope.detach(), "gap": gap(real_scores, drawn_scores), "generator": generator}
