"""How many parameters a generator has under each control, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.circuits.controls.parameter_counts import percent
from qaugbench.errors import DefinitionError, NoControlError
from qaugbench.formatting import WIDTH
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.inspection.trial_fit import tried
from qaugbench.text_table import Layout, laid_out


@dataclass(frozen=True)
class VariantCount:
    """Trainable parameters of a generator under one control.

    ``block``: the circuits, or their replacement; ``block_share``: its share of ``total``; ``of_circuits`` and
    ``of_total``: ratios to the generator's own counts, None if those are 0.
    """

    control: str
    block: int
    total: int
    block_share: float
    of_circuits: float | None
    of_total: float


@dataclass(frozen=True)
class ParameterTable:
    """The counts of every control, the generator itself first; ``space`` is that of its data space, which all share."""

    generator: str
    track: str
    task: str
    variants: tuple[VariantCount, ...]
    space: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def parameter_table(name: str, *, track: str = "lite", task: str = "brainmri") -> ParameterTable:
    """Return the parameters of the generator called ``name`` under each control that exists for its circuits.

    Raises:
        DefinitionError: an unknown generator, track or task, or a generator without circuits.
    """
    own = tried(name, track=track, task=task)
    if not own.circuits:
        raise DefinitionError(f"The generator {name!r} is {own.kind} and has no circuit that a control could replace.")
    counts = {"none": own.parameter_counts()}
    for control in CONTROLS:
        if control not in counts:
            with suppress(NoControlError):
                counts[control] = tried(name, control=control, track=track, task=task).parameter_counts()
    variants = tuple(_variant(control, count, counts["none"]) for control, count in counts.items())
    return ParameterTable(name, track, task, variants, trainable_parameters(own.space))


def _variant(control: str, count: dict[str, int], own: dict[str, int]) -> VariantCount:
    return VariantCount(
        control=control,
        block=count["block"],
        total=count["total"],
        block_share=count["block"] / count["total"],
        of_circuits=count["block"] / own["block"] if own["block"] else None,
        of_total=count["total"] / own["total"],
    )


def parameter_text(table: ParameterTable, width: int = WIDTH) -> str:
    """Return the counts as aligned text."""
    cells: Sequence[tuple[str, ...]] = [
        ("variant", "block", "of circuits", "total", "of total", "block share", "asks"),
        *(
            (
                table.generator if row.control == "none" else f"{table.generator}:{row.control}",
                f"{row.block:,}",
                percent(row.of_circuits),
                f"{row.total:,}",
                percent(row.of_total),
                percent(row.block_share),
                CONTROLS[row.control].question,
            )
            for row in table.variants
        ),
    ]
    layout = Layout(right=frozenset(range(1, 6)), wraps=frozenset({6}), rule=False)
    lines = "\n".join(laid_out(cells[0], cells[1:], width, layout))
    shared = f"\nThe data space, shared by all of them: {table.space:,}" if table.space else ""
    return f"Trainable parameters, track {table.track} of {table.task}\n{lines}{shared}"
