"""Search spaces on a generator's facts, without any of its code."""

from __future__ import annotations

from typing import Any

from qaugbench.cards import GeneratorCard

HYPER = {"learning_rate": 1e-3, "layers": 3, "channels": [8, 16], "flip": False, "noise": 0.5}
TUNED = {
    "learning_rate": {"low": 1e-4, "high": 1e-2, "scale": "log"},
    "layers": {"choices": [1, 2, 4]},
    "steps": {"low": 10, "high": 40},
}


def card(**tune: Any) -> GeneratorCard:
    """Return the facts of a generator that says ``tune`` in its file."""
    return GeneratorCard(
        id="flat",
        title="Flat",
        kind="classical",
        fidelity="original",
        space="pixels",
        controls=(),
        hyper=dict(HYPER),
        tracks={"smoke": {"steps": 20, "batch_size": 4}, "lite": {"steps": 40, "batch_size": 4, "depth": 2}},
        tune=tune,
        origin="baselines/flat.toml",
    )
