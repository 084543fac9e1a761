"""Smooth random deformations, one field per image."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from qaugbench import seeds
from qaugbench.augmentations import Elastic


def elastic(images: torch.Tensor, settings: Elastic, seed: int) -> torch.Tensor:
    """Return ``images`` (float [B, C, H, W] in [0, 1]), a share of them deformed, in [0, 1] (Simard et al. 2003)."""
    generator = seeds.torch_generator(seed)
    chosen = (torch.rand(len(images), generator=generator) < settings.probability).nonzero()[:, 0]
    if not len(chosen):
        return images
    height, width = images.shape[-2:]
    field = displacements(len(chosen), height, width, settings, generator).to(images.device)
    identity = torch.eye(2, 3, device=images.device).expand(len(chosen), 2, 3)
    grid = F.affine_grid(identity, [len(chosen), 1, height, width], align_corners=False) + field
    deformed = images.clone()
    # Bicubic, as in the locked augmentation: bilinear blurs.
    deformed[chosen] = F.grid_sample(
        images[chosen], grid, mode="bicubic", padding_mode="border", align_corners=False
    ).clamp(0.0, 1.0)
    return deformed


def displacements(n: int, height: int, width: int, settings: Elastic, generator: torch.Generator) -> torch.Tensor:
    """Return fields [n, height, width, 2] (x, y) in units of ``grid_sample``, where an image is 2 wide and 2 high.

    Along each axis the standard deviation of a field is exactly ``displacement`` of the side. torchvision's transform scales the
    smoothed noise by a constant instead, so its deformation shrinks with the smoothness and with the size of the image.
    """
    noise = torch.randn(n, 2, height, width, generator=generator)
    smooth = _smoothing(height, settings.smoothness) @ noise @ _smoothing(width, settings.smoothness).T
    smooth = smooth - smooth.mean(dim=(2, 3), keepdim=True)
    field = smooth / smooth.std(dim=(2, 3), keepdim=True, correction=0).clamp_min(1e-12)
    return 2.0 * settings.displacement * field.permute(0, 2, 3, 1)


def _smoothing(n: int, sigma: float) -> torch.Tensor:
    """Return the matrix [n, n] of a Gaussian filter whose standard deviation is the share ``sigma`` of ``n`` pixels."""
    place = torch.arange(n, dtype=torch.float32)
    weights = torch.exp(-0.5 * ((place[:, None] - place) / (sigma * n)) ** 2)
    return weights / weights.sum(dim=1, keepdim=True)
