"""The influence of a generator's circuits on its images, in words."""

from __future__ import annotations

from qaugbench.circuits.controls.parameter_counts import aligned
from qaugbench.record import SMALL_INFLUENCE, BlockInfluence


def share_text(share: float | None) -> str:
    """Return a share in per cent, with two digits below 10 %; "-" for none.

    >>> share_text(0.000213), share_text(0.05), share_text(0.731), share_text(0.0), share_text(None)
    ('0.021 %', '5 %', '73 %', '0 %', '-')
    """
    if share is None:
        return "-"
    digits = f"{100 * share:.2g}"
    return f"{digits if 'e' not in digits else f'{100 * share:.0f}' if share > 1 else 'under 0.0001'} %"


def influence_text(name: str, found: BlockInfluence, made: str) -> str:
    """Return the influence of the circuits of the generator called ``name`` as aligned text; ``made`` says how it was measured."""
    rows = [
        ("circuits' outputs replaced by their means", share_text(found.mean_replaced)),
        ("circuits' outputs replaced by noise", share_text(found.noise_replaced)),
        *((f"{name}:{control} instead", share_text(change)) for control, change in found.controls.items()),
    ]
    lines = [
        f"Influence of the circuits on the images of {name}: {made}",
        aligned([("what is changed, seeds being equal", "change of the images"), *rows], right=(1,)),
        f"100 %: two samples of {name} under different seeds, which differ by {found.seed_difference:.3g} grey levels of 255.",
    ]
    if found.hardly_reaches_images:
        lines.append(
            f"The circuits hardly reach the images: replacing their outputs changes less than {share_text(SMALL_INFLUENCE)}."
        )
    return "\n".join(lines)
