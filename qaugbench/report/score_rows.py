"""The scores of a record as one flat table: one row per fraction, metric and arm, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from qaugbench.predictions import ArmInfo
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.stats.results import Contrast, EndpointScore


@dataclass(frozen=True)
class ScoreRow:
    """One arm's mean of one endpoint at one fraction, and its differences from R* (``reference``) and from R+.

    ``difference`` and its interval are arm minus ``reference``; ``verdict`` is in words. ``from_best_classical`` is a generator
    minus the best classical arm, and ``generator_minus_control``, in the row of a control, its generator minus it. None is what
    is not known.
    """

    id: str
    task: str
    source: str
    track: str
    fraction: str
    metric: str
    arm: str
    role: str
    generator: str | None
    control: str | None
    mean: float | None
    sd: float | None
    reference: str | None
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    verdict: str | None
    difference_from_augmented: float | None
    from_best_classical: float | None
    from_best_classical_low: float | None
    from_best_classical_high: float | None
    generator_minus_control: float | None
    generator_minus_control_low: float | None
    generator_minus_control_high: float | None
    replicates: int
    images: int | None
    patients: int | None


def score_rows(record: Record) -> list[ScoreRow]:
    """Return one row per fraction, endpoint and arm of a record, in the order in which it is printed."""
    return [
        _row(record, fraction.key, endpoint.id, arm)
        for fraction in record.fractions
        for endpoint in record.endpoints
        for arm in record.arms
        if _scored(record, fraction.key, endpoint.id) is not None
    ]


def csv_text(rows: Iterable[ScoreRow]) -> str:
    """Return rows as CSV with a header: numbers in full precision, empty where there is none.

    A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [field.name for field in fields(ScoreRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in asdict(row).items()} for row in rows)
    return stream.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def _scored(record: Record, key: str, endpoint: str) -> EndpointScore | None:
    found = views.endpoint_score(record, key, endpoint)
    return found if found is not None and found.arms else None


def _row(record: Record, key: str, endpoint: str, arm: ArmInfo) -> ScoreRow:
    scored = _scored(record, key, endpoint)
    value = None if scored is None else scored.arms.get(arm.id)
    against = _contrast(record, key, endpoint, "reference", arm.id)
    over_augmented = _contrast(record, key, endpoint, "augmented", arm.id)
    said = views.verdicts(record, key, endpoint).get(arm.id)
    return ScoreRow(
        id=record.id,
        task=record.board.task,
        source=record.board.source,
        track=record.board.track,
        fraction=key,
        metric=endpoint,
        arm=arm.id,
        role=arm.role,
        generator=arm.generator,
        control=arm.control,
        mean=value.mean if value else None,
        sd=value.sd if value else None,
        reference=views.reference_arm(record, key),
        difference=against.estimate if against else None,
        ci_low=against.ci_low if against else None,
        ci_high=against.ci_high if against else None,
        p_value=against.p_value if against else None,
        verdict=said.words if said else against.words if against else None,
        difference_from_augmented=over_augmented.estimate if over_augmented else None,
        **further_differences(record, key, endpoint, arm.id),
        replicates=value.n_replicates if value else record.replicates,
        images=value.n_images if value else None,
        patients=value.n_patients if value else None,
    )


def further_differences(record: Record, key: str, endpoint: str, arm: str) -> dict[str, float | None]:
    """Return an arm's difference from the best classical arm, and its generator's from it, each with its interval."""
    families = {
        "from_best_classical": _contrast(record, key, endpoint, "best-classical", arm),
        "generator_minus_control": next(
            (one for one in views.contrasts(record, key, endpoint, "control") if one.against == arm), None
        ),
    }
    return {
        f"{name}{ending}": None if found is None else getattr(found, value)
        for name, found in families.items()
        for ending, value in (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high"))
    }


def _contrast(record: Record, key: str, endpoint: str, family: str, arm: str) -> Contrast | None:
    return next((one for one in views.contrasts(record, key, endpoint, family) if one.arm == arm), None)
