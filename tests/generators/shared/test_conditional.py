"""Label vectors inside networks: one label, several, none."""

from __future__ import annotations

import torch

from qaugbench.generators.shared.conditional import LabelEmbedding, ProjectionHead, multi_layer
from qaugbench.seeds import torch_seeded

LABELS = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0]])


def test_labels_add_up_and_none_has_a_vector_of_its_own() -> None:
    embedding = LabelEmbedding(3, 4)
    with torch.no_grad():
        embedding.vectors.copy_(torch.eye(4))
        embedded = embedding(LABELS)
    half, third = 2**-0.5, 3**-0.5
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [half, half, 0, 0], [third, third, third, 0], [0, 0, 0, 1]]
    assert torch.allclose(embedded, torch.tensor(expected, dtype=torch.float32))


def test_an_embedding_starts_with_unit_variance_whatever_the_number_of_labels() -> None:
    with torch_seeded(3):
        embedded = LabelEmbedding(3, 20_000)(LABELS)
    assert torch.allclose(embedded.var(dim=1), torch.ones(5), atol=0.05)


def test_a_projection_head_is_a_linear_layer_plus_an_inner_product() -> None:
    head = ProjectionHead(4, 3)
    with torch.no_grad():
        head.embedding.vectors.copy_(torch.eye(4))
        head.score.weight.copy_(torch.tensor([[1.0, -1.0, 0.5, 0.0]]))
        head.score.bias.fill_(0.25)
        features = torch.tensor([[1.0, 2.0, 3.0, 4.0]]).expand(5, 4)
        scores = head(features, LABELS)
    linear, root = 1 - 2 + 1.5 + 0.25, 4**0.5
    inner = torch.tensor([1.0, 2.0, 3 / 2**0.5, 6 / 3**0.5, 4.0]) / root
    assert torch.allclose(scores, linear + inner)


def test_a_multi_layer_network_is_its_layers_in_turn() -> None:
    network = multi_layer((3, 5, 2), slope=0.1)
    inputs = torch.randn(7, 3)
    hidden = inputs @ network[0].weight.T + network[0].bias
    expected = torch.where(hidden > 0, hidden, 0.1 * hidden) @ network[2].weight.T + network[2].bias
    assert torch.allclose(network(inputs), expected, atol=1e-6)
