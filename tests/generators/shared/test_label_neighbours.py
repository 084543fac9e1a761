"""Which training images a label vector is drawn from."""

from __future__ import annotations

import itertools

import torch

from qaugbench.generators.shared.label_neighbours import SeenLabels, nearest_vectors, one_of

LABELS = torch.tensor([[1, 0, 0], [0, 1, 1], [1, 0, 0], [0, 0, 0], [0, 1, 1], [1, 0, 0]], dtype=torch.float32)


def seen() -> SeenLabels:
    remembered = SeenLabels(3)
    remembered.remember(LABELS)
    return remembered


def test_a_seen_label_vector_is_its_own_nearest() -> None:
    remembered = seen()
    assert torch.equal(remembered.vectors[remembered.nearest(LABELS)], LABELS)


def test_an_unseen_one_takes_the_nearest_by_hamming_distance_and_of_equals_the_most_frequent() -> None:
    """[0,1,0] is 1 from [0,0,0] (once) and from [0,1,1] (twice); [1,0,1] is 1 from [1,0,0] alone."""
    remembered = seen()
    unseen = torch.tensor([[0.0, 1, 0], [1, 0, 1]])
    assert remembered.vectors[remembered.nearest(unseen)].tolist() == [[0, 1, 1], [1, 0, 0]]


def test_it_is_what_a_search_over_all_pairs_finds() -> None:
    known = torch.tensor([[0, 0, 1, 1], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]], dtype=torch.float32)
    counts = torch.tensor([5, 9, 9, 2])
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)))
    found = nearest_vectors(every, known, counts).tolist()
    for row, one in zip(every, found, strict=True):
        ranked = sorted(range(4), key=lambda m: (int((row != known[m]).sum()), -int(counts[m]), m))
        assert one == ranked[0]


def test_an_image_of_the_label_vector_is_picked_each_as_often() -> None:
    remembered = seen()
    uniform = (torch.arange(300) + 0.5) / 300
    group = remembered.nearest(LABELS[:1]).expand(300)
    assert torch.bincount(remembered.pick(group, uniform), minlength=6).tolist() == [100, 0, 100, 0, 0, 100]


def test_a_number_just_below_one_stays_in_range() -> None:
    below_one = torch.nextafter(torch.tensor(1.0), torch.tensor(0.0)).expand(3)
    assert one_of(torch.tensor([1, 491, 40_000_000]), below_one).tolist()[:2] == [0, 490]
    assert int(one_of(torch.tensor([40_000_000]), below_one[:1])) < 40_000_000
