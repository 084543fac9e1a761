"""The points that labels let one expect, and how the others vary about them."""

from __future__ import annotations

import torch


def label_effects(points: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return an intercept and one effect per label, [1 + k, d]: the least-squares fit of ``points`` [n, d]."""
    return torch.linalg.pinv(_design(labels)) @ points


def expected_points(effects: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the fitted points [n, d] of label vectors [n, k]."""
    return _design(labels) @ effects


def covariance_factor(residuals: torch.Tensor) -> torch.Tensor:
    """Return L [d, d] with L L^T the covariance of ``residuals`` [n, d], plus a little of the identity where it is singular."""
    covariance = residuals.T @ residuals / len(residuals)
    return torch.linalg.cholesky(covariance + 1e-4 * torch.eye(len(covariance), device=residuals.device))


def _design(labels: torch.Tensor) -> torch.Tensor:
    return torch.cat([labels.new_ones(len(labels), 1), labels], dim=1)
