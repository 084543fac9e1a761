"""How far the circuits of a run's generators reach their images, as rows and sentences."""

from __future__ import annotations

from qaugbench.formatting import NONE, share
from qaugbench.record import HARDLY_REACHES, SMALL_INFLUENCE, BlockInfluence, Record

Row = tuple[str, ...]
HEADER = ("generator", "compared under equal seeds", "change of the images")


def share_text(part: float | None) -> str:
    """Return a share in per cent, the smaller the finer.

    >>> share_text(0.000213), share_text(0.00002), share_text(0.0492), share_text(0.731), share_text(0.0), share_text(None)
    ('0.02 %', 'under 0.01 %', '4.9 %', '73 %', '0 %', '-')
    """
    if part is None:
        return NONE
    return share(part, 0 if part == 0 or part >= 0.1 else 1 if part >= 0.01 else 2)


def influence_rows(name: str, found: BlockInfluence) -> list[Row]:
    """Return what was compared with the images of the generator called ``name``, and how much of a seed's change it makes."""
    return [
        (name, "outputs of its circuits replaced by their means", share_text(found.mean_replaced)),
        (name, "outputs of its circuits replaced by noise", share_text(found.noise_replaced)),
        *((name, f"{name}:{control}", share_text(change)) for control, change in found.controls.items()),
    ]


def fraction_rows(record: Record, key: str) -> list[Row]:
    """Return the rows of every generator whose influence was measured at one fraction."""
    return [row for name, found in record.influence.get(key, {}).items() for row in influence_rows(name, found)]


def scale_sentence(name: str, found: BlockInfluence) -> str:
    """Return what 100 % is, and how large the circuits are."""
    return (
        f"100 % is the difference between two samples of {name} under different seeds, {found.seed_difference:.3g} grey "
        f"levels of 255. Its circuits have {share_text(found.parameter_share)} of its trainable parameters."
    )


def scale_sentences(record: Record, key: str) -> list[str]:
    """Return ``scale_sentence`` for every generator whose influence was measured at one fraction."""
    return [scale_sentence(name, found) for name, found in record.influence.get(key, {}).items()]


def small_influence(name: str, found: BlockInfluence) -> str | None:
    """Return in words that the circuits hardly reach the images, or None where they do, or where it is not known."""
    if not found.hardly_reaches_images:
        return None
    changes = f"{share_text(found.mean_replaced)} (means) and {share_text(found.noise_replaced)} (noise)"
    return (
        f"{name}: {HARDLY_REACHES}. Replacing the circuit's outputs changes the images by {changes} of what another seed "
        f"changes, both below {100 * SMALL_INFLUENCE:g} %; a difference from its controls would not come from these outputs."
    )


def influence_notes(record: Record) -> list[str]:
    """Return a sentence for every fraction and generator whose circuits hardly reach the images."""
    found = [
        (key, small_influence(name, influence))
        for key, generators in record.influence.items()
        for name, influence in generators.items()
    ]
    return [f"At {key}, {said}" for key, said in found if said]
