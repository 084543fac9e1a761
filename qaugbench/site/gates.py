"""How many two-qubit gates an image of a generator takes, counted in its definition."""

from __future__ import annotations

from functools import cache

from qaugbench import definitions
from qaugbench.errors import QaugbenchError, require
from qaugbench.kinds import is_quantum


@cache
def two_qubit_gates(name: str, track: str, task: str) -> float | None:
    """Return the two-qubit gates of all circuit runs of one image, as the generator's file states it today.

    None for a generator or a track that this version does not have, where the gates act on no qubits (photonic circuits), and
    without torch.
    """
    if name not in definitions.generator_names() and name.partition(":")[0] not in definitions.generator_names():
        return None
    try:
        if not is_quantum(definitions.generator_card(name).kind):
            return None
        require("Counting gates", "torch")
        from qaugbench.inspection.resource_cards import generator_resources

        cards = generator_resources(name, track=track, task=task).circuits
    except QaugbenchError:
        return None
    if not cards or any(card.qubits is None for card in cards):
        return None
    return sum(card.gates.two_qubit * card.circuits_per_image for card in cards)
