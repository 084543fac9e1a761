"""The words that classify a generator, with one meaning for plan, statistics, report and board."""

from __future__ import annotations

from typing import Literal

Kind = Literal["quantum", "hybrid", "quantum-inspired", "classical", "external"]
"""``hybrid``: circuits inside a classical model; ``quantum-inspired``: a classical computation with the mathematics of quantum
states; ``external``: images that something else made."""

Space = Literal["pixels", "latent", "pca", "patches"]
"""The data space whose points a generator learns: images, latents of an autoencoder, principal components, or patches."""

Fidelity = Literal["reproduction", "adaptation", "reconstruction", "standard", "original", "unknown"]
"""How close a generator is to its paper: its released method unchanged; changed as the deviations say; rebuilt because the
paper leaves essentials open; a textbook method; published here first; or not known."""

QUANTUM_KINDS: tuple[Kind, ...] = ("quantum", "hybrid")
CIRCUIT_FREE_KINDS: tuple[Kind, ...] = ("classical", "external")


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
