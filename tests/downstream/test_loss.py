"""The loss is the plain one without balance, and with it weighs classes by the real training labels alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qaugbench.downstream.loss import class_weights, classification_loss, positive_weights


def test_plain_cross_entropy_of_equal_logits() -> None:
    loss = classification_loss("multiclass", np.eye(4), balance=False)
    assert loss(torch.zeros(2, 4), torch.eye(4)[:2]).item() == pytest.approx(math.log(4))


def test_class_weights_are_inverse_frequencies_of_mean_one() -> None:
    labels = np.eye(3)[[0] * 6 + [1] * 3 + [2]]
    assert class_weights(labels) == pytest.approx(np.array([10 / 18, 20 / 18, 60 / 18]))
    assert (labels @ class_weights(labels)).mean() == pytest.approx(1.0)


def test_weights_of_rare_and_absent_classes_are_capped_at_ten() -> None:
    labels = np.eye(3)[[0] * 500 + [1] * 5]
    weights = class_weights(labels)
    assert weights[1] / weights[0] == weights[2] / weights[0] == pytest.approx(10.0)


def test_positive_weights_are_odds_between_one_and_ten() -> None:
    labels = np.zeros((40, 4))
    labels[:10, 0] = labels[:1, 1] = labels[:30, 2] = 1
    assert positive_weights(labels).tolist() == [3.0, 10.0, 1.0, 10.0]


def test_balanced_binary_cross_entropy_by_hand() -> None:
    real = np.array([[1.0], [0.0], [0.0], [0.0]])
    loss = classification_loss("multilabel", real, balance=True)
    value = loss(torch.tensor([[0.0], [0.0]]), torch.tensor([[1.0], [0.0]])).item()
    assert value == pytest.approx((3 * math.log(2) + math.log(2)) / 2)
