"""Whether the circuits of a classifier are live: they are called, gradient passes them, and logits depend on them."""

from __future__ import annotations

import torch
from torch import nn

from qaugbench.circuits.audit.findings import Liveness
from qaugbench.circuits.audit.network import audit_network
from qaugbench.classifiers.contract import Classifier
from qaugbench.seeds import torch_generator

FEW = 6


class _Seen(nn.Module):
    """A classifier as a network of its inputs alone: every pass draws the same."""

    def __init__(self, classifier: Classifier, seed: int) -> None:
        super().__init__()
        self.classifier = classifier
        self.seed = seed

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.classifier(inputs, torch_generator(self.seed, str(inputs.device)))
        return logits


def audit_classifier(classifier: Classifier, *, seed: int = 0) -> Liveness:
    """Return whether the circuits in ``classifier`` are live, on a few random inputs; the classifier stays as it is.

    Raises:
        CircuitError: there is no circuit in it.
    """
    shape = (FEW, *classifier.shape)
    random = torch_generator(seed)
    drawn = (
        torch.rand(shape, generator=random) if classifier.reads == "images" else torch.randn(shape, generator=random)
    )
    return audit_network(_Seen(classifier, seed), (drawn,), seed=seed)
