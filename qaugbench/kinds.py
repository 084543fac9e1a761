"""The words that classify a generator, with one meaning for plan, statistics, report and board."""

from __future__ import annotations

from typing import Literal

Kind = Literal["quantum", "hybrid", "quantum-inspired", "classical", "external"]
"""``hybrid``: circuits inside a classical model; ``quantum-inspired``: a classical computation with the mathematics of quantum
states; ``external``: images that something else made."""

Space = Literal["pixels", "latent", "quantum-latent", "vector", "pca", "patches"]
"""The data space whose points a generator learns: images, a grid or a vector of latents, principal components, or patches."""

CIRCUIT_SPACES: tuple[Space, ...] = ("quantum-latent",)
"""Spaces whose autoencoder runs circuits, unless its setting ``control`` replaces them."""

Fidelity = Literal["faithful", "structure", "reconstruction", "standard", "original", "unknown"]
"""How much of a paper's method is known and followed: all of it (its code was read); its structure, with settings from elsewhere;
its idea, since essentials are not public. Or no claim about a paper: a textbook method, published here first, not known."""

OF_A_PAPER: tuple[Fidelity, ...] = ("faithful", "structure", "reconstruction")
TIERS: dict[Fidelity, str] = {"faithful": "A", "structure": "B", "reconstruction": "C"}
FIDELITY_WORDS: dict[Fidelity, str] = {
    "faithful": "tier A, the whole method is known and followed but for the deviations",
    "structure": "tier B, its structure is known and followed, settings are from elsewhere",
    "reconstruction": "tier C, essentials are not public",
    "standard": "a textbook method",
    "original": "published here first",
    "unknown": "not known",
}

CONTROL_NAMES = ("twin", "no-entanglement", "permuted", "frozen", "random", "fourier")
"""What may stand in place of any circuit (``circuits.controls.build``), by name: known without importing what builds them."""

CIRCUIT_CONTROLS = ("no-entanglement", "permuted", "frozen")
"""Controls that still run a circuit; the others are classical."""

QUANTUM_KINDS: tuple[Kind, ...] = ("quantum", "hybrid")
CIRCUIT_FREE_KINDS: tuple[Kind, ...] = ("classical", "external")


def still_runs_circuits(control: str) -> bool:
    """Return whether circuits run where they were made under ``control``, which is ``none`` for the circuits themselves.

    >>> still_runs_circuits("none"), still_runs_circuits("frozen"), still_runs_circuits("twin")
    (True, True, False)
    """
    return control in ("none", *CIRCUIT_CONTROLS)


def is_quantum(kind: str | None) -> bool:
    """Return whether a generator of this kind makes a claim about quantum circuits, so that it needs its controls.

    >>> is_quantum("hybrid"), is_quantum("quantum-inspired"), is_quantum("classical")
    (True, False, False)
    """
    return kind in QUANTUM_KINDS


def is_classical(kind: str | None) -> bool:
    """Return whether a generator of this kind is a classical model to which a quantum one is compared."""
    return kind == "classical"


def may_run_circuits(kind: str | None) -> bool:
    """Return whether a generator of this kind may run circuits, which controls could replace.

    >>> may_run_circuits("quantum-inspired"), may_run_circuits("external")
    (True, False)
    """
    return kind not in CIRCUIT_FREE_KINDS
