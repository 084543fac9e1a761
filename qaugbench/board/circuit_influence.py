"""How far a generator's circuits reach its images, in a reader's words: cells, rows and sentences."""

from __future__ import annotations

from qaugbench.formatting import NONE, Row, fraction_words, share
from qaugbench.record import HARDLY_REACHES, SMALL_INFLUENCE, BlockInfluence, Record

CONTROLS_APART = (
    "Controls are fitted apart from their generator, so their images differ from its images whatever its circuits do. The rows "
    "with replaced outputs are of one and the same fitted generator."
)
HEADER = ("generator", "compared under equal seeds", "change of the images")


def share_text(part: float | None) -> str:
    """Return a share in per cent, the smaller the finer.

    >>> share_text(0.000213), share_text(0.00002), share_text(0.0492), share_text(0.731), share_text(0.0), share_text(None)
    ('0.02 %', '0.002 %', '4.9 %', '73 %', '0 %', '-')
    """
    if part is None:
        return NONE
    return share(part, 0 if part == 0 or part >= 0.1 else 1 if part >= 0.01 else 2 if part >= 0.0001 else 3)


def influence_of(record: Record, key: str, generator: str | None) -> BlockInfluence | None:
    """Return what was measured of a generator at a fraction, or None."""
    return record.influence.get(key, {}).get(str(generator))


def influence_cell(found: BlockInfluence | None) -> str:
    """Return the influence as one cell: the larger change of the images when the circuits' outputs are replaced."""
    changes = [] if found is None else [found.mean_replaced, found.noise_replaced]
    return share_text(max((change for change in changes if change is not None), default=None))


def influence_rows(name: str, found: BlockInfluence) -> list[Row]:
    """Return what was compared with the images of the generator called ``name``, and how much of a seed's change it makes."""
    in_space = [("their means", found.space_mean_replaced), ("noise", found.space_noise_replaced)]
    return [
        (name, "outputs of its circuits replaced by their means", share_text(found.mean_replaced)),
        (name, "outputs of its circuits replaced by noise", share_text(found.noise_replaced)),
        *(
            (name, f"outputs of the circuits of its space replaced by {what}", share_text(change))
            for what, change in in_space
            if change is not None
        ),
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


def influence_sentence(name: str, found: BlockInfluence) -> str:
    """Return how much the images change when the circuits' outputs are replaced, and whether that is too little."""
    if found.mean_replaced is None or found.noise_replaced is None:
        return (
            f"{name}: the circuit's influence on the images cannot be measured by replacing its outputs: they are the same for "
            "every image, as probabilities are that images are drawn from, or no circuit runs while images are drawn, or seeds "
            "change nothing."
        )
    changes = f"{share_text(found.mean_replaced)} (means) and {share_text(found.noise_replaced)} (noise)"
    replaced = f"eplacing the circuit's outputs changes the images by {changes} of what another seed changes"
    if not found.hardly_reaches_images:
        return f"{name}: r{replaced}."
    return (
        f"{name}: {HARDLY_REACHES}. R{replaced}, both below {share(SMALL_INFLUENCE)}; a difference from its controls would not "
        "come from these outputs."
    )


def influence_note(key: str, name: str, found: BlockInfluence) -> str:
    """Return ``influence_sentence`` with the fraction it is about."""
    return f"At {fraction_words(key)}, {influence_sentence(name, found)}"


def influence_notes(record: Record) -> list[str]:
    """Return the sentence of every generator whose influence was measured, at every fraction."""
    return [
        influence_note(key, name, found)
        for key, generators in record.influence.items()
        for name, found in generators.items()
    ]
