"""The files of classifiers: what they state, what is refused in them, and how names are read."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from qaugbench.classifier_cards import (
    build_classifier_card,
    classifier_card,
    classifier_families,
    classifier_names,
    split_classifier,
)
from qaugbench.classifiers.build import bound, check_labels, classifier_class, new_classifier
from qaugbench.classifiers.contract import Classifier
from qaugbench.errors import DefinitionError
from qaugbench.kinds import OF_A_PAPER, is_quantum

FACTS: dict[str, Any] = {
    "deviations": ["Smaller."],
    "classifier": {"id": "one", "title": "One", "kind": "hybrid", "fidelity": "structure", "controls": ["twin"]},
    "hyper": {"layers": 3, "loss": "plain"},
    "track": {"lite": {"steps": 10}},
    "variant": {"rbf": {"deviations": ["Ours."], "kind": "classical", "hyper": {"layers": 1}}},
}


@pytest.mark.parametrize("name", classifier_names())
def test_every_file_can_be_used_on_every_track(name: str) -> None:
    card = classifier_card(name)
    assert card.deviations
    assert issubclass(classifier_class(card), Classifier)
    for track in ("smoke", "lite", "standard", "full"):
        for control in ("none", *card.controls):
            assert bound(card, track, control).training.loss in ("plain", "balanced")
    if card.fidelity in OF_A_PAPER:
        assert card.citation is not None
        assert card.citation.claim
        assert card.citation.data
        assert card.citation.seeds
    if is_quantum(card.kind):
        assert {"linear"} <= set(card.controls)


@pytest.mark.parametrize("name", classifier_families())
def test_its_controls_can_be_built_or_are_not_listed(name: str) -> None:
    card = classifier_card(name)
    kind = classifier_class(card)
    shape = (32,) if kind.reads == "features" else (1, 8, 8)
    for control in card.controls:
        new_classifier(name, control=control, shape=(32,) if control == "linear" else shape, n_labels=3)


def test_a_variant_is_the_classifier_but_for_what_it_states() -> None:
    own, other = build_classifier_card(FACTS, "one.toml"), build_classifier_card(FACTS, "one.toml", "rbf")
    assert own.settings("lite") == {"layers": 3, "loss": "plain", "steps": 10}
    assert own.settings("smoke") == {"layers": 3, "loss": "plain"}
    assert other.settings("lite") == {"layers": 1, "loss": "plain", "steps": 10}
    assert (other.id, other.kind, other.controls, other.disclosed) == ("one:rbf", "classical", ("linear",), ("Ours.",))


@pytest.mark.parametrize(
    ("table", "changes", "message"),
    [
        ("classifier", {"controls": ["twim"]}, r"there is no control 'twim'.*Did you mean 'twin'"),
        ("classifier", {"controls": []}, "needs controls"),
        ("classifier", {"kind": "classical"}, "has no circuit to replace"),
        ("classifier", {"citation": {}}, "'citation' is inside"),
        ("hyper", {"steps": 0}, "steps must be a whole number from 1, got 0"),
        ("hyper", {"loss": "plane"}, "'plane' is not allowed"),
        ("variant", {"twin": {"deviations": []}}, "cannot be called 'twin'"),
        ("classfier", {}, r"unknown table or key 'classfier'.*Did you mean 'classifier'"),
    ],
)
def test_what_cannot_stand_in_a_file_is_named(table: str, changes: dict[str, Any], message: str) -> None:
    facts = copy.deepcopy(FACTS)
    facts[table] = {**facts.get(table, {}), **changes}
    with pytest.raises(DefinitionError, match=rf"one\.toml.*{message}"):
        build_classifier_card(facts, "one.toml")


def test_names_are_read_with_variants_and_controls() -> None:
    assert split_classifier("qumi") == ("qumi", "")
    assert split_classifier("qumi:fourier") == ("qumi", "fourier")
    with pytest.raises(DefinitionError, match=r"no control 'twim'.*Did you mean 'twin'"):
        split_classifier("qumi:twim")
    with pytest.raises(DefinitionError, match=r"Did you mean 'qumi'.*list classifiers"):
        split_classifier("qumy")
    with pytest.raises(DefinitionError, match="is a generator, not a classifier"):
        split_classifier("qldm")


def test_labels_that_a_class_cannot_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    card = classifier_card("qumi")
    check_labels(card, "multilabel")
    monkeypatch.setattr(classifier_class(card), "multi_label", False)
    with pytest.raises(DefinitionError, match="several findings or none"):
        check_labels(card, "multilabel")
