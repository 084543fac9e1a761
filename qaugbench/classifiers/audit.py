"""Whether the circuits of a classifier are live: they are called, gradient passes them, and logits depend on them."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import nn

from qaugbench.circuits.audit.findings import Check, Liveness
from qaugbench.circuits.audit.network import INPUT_FOLLOWS, audit_network
from qaugbench.classifiers.contract import Classifier, Known, Solved
from qaugbench.seeds import torch_generator

FEW, KNOWN = 6, 24


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

    One that is ``Solved`` is solved first, on random rows with labels in turn: before that, nothing depends on anything.

    Raises:
        CircuitError: there is no circuit in it.
    """
    random = torch_generator(seed)
    if isinstance(classifier, Solved):
        classifier = _solved(classifier, random)
    found = audit_network(_Seen(classifier, seed), (_drawn(classifier, FEW, random),), seed=seed)
    return replace(found, checks=tuple(map(_by_design, found.checks))) if classifier.noise_fed else found


def _drawn(classifier: Classifier, number: int, random: torch.Generator) -> torch.Tensor:
    draw = torch.rand if classifier.reads == "images" else torch.randn
    return draw((number, *classifier.shape), generator=random)


@torch.no_grad()
def _solved(classifier: Solved, random: torch.Generator) -> Solved:
    """Return a copy that has learned from random rows."""
    found = copy.deepcopy(classifier).eval()
    labels = torch.eye(classifier.n_labels)[torch.arange(KNOWN) % classifier.n_labels]
    known = Known(_drawn(classifier, KNOWN, random), labels, "multiclass")
    found.solve(known, known, random)
    return found


def _by_design(check: Check) -> Check:
    """Return the answer for circuits that are given noise, which by design does not depend on what the network reads."""
    if check.question != INPUT_FOLLOWS:
        return check
    return Check("none", INPUT_FOLLOWS, "by design, its input is noise", check.subject)
