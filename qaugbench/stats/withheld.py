"""The scores of a run whose test scores are withheld: those on validation images, with nothing that is claimed."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from qaugbench.stats.results import Confirmatory, Contrast, EndpointScore, FractionScore, Scores

WITHHELD = "test scores are withheld, and classifiers, R* and C* were chosen on the images scored here"
Whatever = TypeVar("Whatever")


def without_claims(scores: Scores) -> Scores:
    """Return ``scores`` of validation images without verdict, rank, confirmatory family or worth, and worded as such.

    Checkpoints and comparators were chosen on these images, so values are too high and differences prove nothing.
    """
    fractions = {key: _fraction(found) for key, found in scores.fractions.items()}
    return Scores(fractions, Confirmatory(f"none: {WITHHELD}", "none", None, None, []), {})


def _fraction(found: FractionScore) -> FractionScore:
    endpoints = {name: _endpoint(scored) for name, scored in found.endpoints.items()}
    return _of_validation(replace(found, endpoints=endpoints, ranks={}))


def _endpoint(scored: EndpointScore) -> EndpointScore:
    return replace(scored, verdicts={}, contrasts=[_unjudged(one) for one in scored.contrasts])


def _unjudged(found: Contrast) -> Contrast:
    return replace(found, verdict="NO-VERDICT", words="no verdict", reason=WITHHELD)


def _of_validation(value: Whatever) -> Whatever:
    """Return a value with every sentence in it about validation images: the statistics call what is scored test images."""
    changed: Any = value
    if isinstance(value, str):
        changed = value.replace("test image", "validation image")
    elif isinstance(value, list):
        changed = [_of_validation(item) for item in value]
    elif isinstance(value, dict):
        changed = {key: _of_validation(item) for key, item in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(value, **{field.name: _of_validation(getattr(value, field.name)) for field in fields(value)})
    return changed  # type: ignore[no-any-return]
