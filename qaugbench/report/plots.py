"""The figures of a record: what answers it, all arms against the reference, classes, reliability, training curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.figure import Figure

from qaugbench.board.check_arms import check_arms
from qaugbench.formatting import count
from qaugbench.image_facts import Appraisal
from qaugbench.predictions import CHECK_ROLES
from qaugbench.record import Record
from qaugbench.report import record_views as views
from qaugbench.report.class_plot import ArmValue, ClassRow, per_class
from qaugbench.report.curve_plot import Curve, curves
from qaugbench.report.curves import CurveFile, TrainingCurve
from qaugbench.report.drawing import marked_as_phantom
from qaugbench.report.forest import Difference, Panel, forest
from qaugbench.report.identity import Look, looks
from qaugbench.report.milestone_plot import Milestones, milestones
from qaugbench.report.profile_rows import profile_of, shown_arms
from qaugbench.report.reliability_plot import ReliabilityCurve, reliability_curves
from qaugbench.stats.results import Calibration, Contrast

FAMILIES = ("reference", "best-classical", "control")
QUANTUM_PART = "Is it the quantum part?"
REAL_ARMS_PANEL = "Real-data arms"
CHECKS_PANEL = "Checks"
ON_THE_WAY = "training/kid/"
CURVE_VALUES = ("val_metric", "train_loss", "loss")
"""Of a classifier its metric on real validation images and its loss, of a generator its loss."""


def answer_figure(record: Record, key: str, *, narrow: bool = False) -> Figure | None:
    """Return what answers a run at one fraction: its generators minus R*, the best classical arm, and their controls.

    The oracle minus R* is with them, since it shows what could be gained. None where nothing was compared.
    """
    reference, best = views.reference_arm(record, key), views.best_classical_arm(record, key)
    oracle = [arm for arm in record.arms if arm.role == "oracle"]
    order = [arm.id for arm in [*views.generators_first_quantum(record.arms), *oracle]]
    also = ", also the best classical arm" if best == reference else ""
    found = {family: _in_order(_primary(record, key, family), order) for family in FAMILIES}
    panels = [
        Panel(f"Does it help? Minus R* ({reference}{also})", _rows(record, found["reference"])),
        *(
            []
            if also
            else [Panel(f"Minus the best classical arm ({best})", _rows(record, found["best-classical"], best))]
        ),
        *_control_panels(record, found["control"]),
    ]
    return _forest(record, panels, narrow=narrow)


def _control_panels(record: Record, found: Sequence[Contrast]) -> list[Panel]:
    """Return a panel per generator, whose rows are called by the control alone and look like it."""
    drawn = looks(record.arms)
    rows: dict[str, list[Difference]] = {}
    for one in found:
        label = one.against.removeprefix(f"{one.arm}:")
        rows.setdefault(one.arm, []).append(_difference(label, one, drawn[one.against]))
    titles = [f"{'' if number else f'{QUANTUM_PART} '}{arm} minus its controls" for number, arm in enumerate(rows)]
    return [Panel(title, own) for title, own in zip(titles, rows.values(), strict=True)]


def reference_figure(record: Record, key: str, *, narrow: bool = False) -> Figure | None:
    """Return every arm minus R* on the primary endpoint at one fraction; None where nothing was compared."""
    checks = {arm.id for arm in check_arms(record)}
    found = _primary(record, key, "reference")
    panels = [
        Panel(
            f"All arms minus R* ({views.reference_arm(record, key)})",
            _rows(record, [o for o in found if o.arm not in checks]),
        ),
        Panel("Checks of the benchmark minus R*", _rows(record, [one for one in found if one.arm in checks])),
    ]
    return _forest(record, panels, narrow=narrow)


def class_figure(record: Record, key: str, *, narrow: bool = False) -> Figure | None:
    """Return the AUROC of every class against the rest at one fraction; None where no class could be scored."""
    rows = class_rows(record, key)
    if not rows:
        return None
    xlabel = "AUROC against the rest, mean over replicates"
    return _marked(record, per_class(rows, looks(record.arms), xlabel=xlabel, narrow=narrow))


def class_rows(record: Record, key: str) -> list[ClassRow]:
    """Return what is drawn of every class at one fraction; few are so few positives that a verdict could not rest on them."""
    titles = dict(zip(record.labels.names, record.labels.titles, strict=True))
    fraction = record.scores.fractions.get(key)
    scored = {} if fraction is None else fraction.classes
    few = set() if fraction is None else {name for note in fraction.class_notes for name in note.classes}
    return [
        ClassRow(
            titles[name],
            scored[name].n_positive,
            name in few,
            [
                ArmValue(
                    arm.id,
                    value.mean,
                    None if value.ci_low is None or value.ci_high is None else (value.ci_low, value.ci_high),
                )
                for arm in views.main_arms(record)
                if (value := scored[name].arms.get(arm.id)) is not None
            ],
        )
        for name in record.labels.names
        if name in scored and scored[name].arms
    ]


def reliability_figure(record: Record, key: str, *, narrow: bool = False) -> Figure | None:
    """Return how often what R* and the generators state happens, as trained and after scaling; None where it is not known."""
    found = profile_of(record, key)
    arms = {} if found is None else found.calibration.arms
    shown = [arms[arm] for arm in shown_arms(record, key) if arm in arms]
    panels = {
        "As trained": [_reliability(one.arm, one.as_trained) for one in shown],
        "After temperature scaling": [_reliability(one.arm, one.scaled) for one in shown if one.scaled is not None],
    }
    drawn = {title: curves for title, curves in panels.items() if curves}
    return _marked(record, reliability_curves(drawn, looks(record.arms), narrow=narrow)) if drawn else None


def training_figure(record: Record, kept: CurveFile, key: str, value: str, *, narrow: bool = False) -> Figure | None:
    """Return the training curves of one of ``CURVE_VALUES`` at one fraction; None where no curve has it.

    At the end of a generator's stands the word for its fit, where that is known.
    """
    drawn = looks(record.arms)
    every = kept.generator if value == "loss" else kept.classifier
    own = [curve for curve in every if curve.fraction == key and curve.method in drawn]
    found = [shown for curve in own for shown in _curve(curve, value)]
    if not found:
        return None
    ylabel = "validation metric" if value == "val_metric" else "training loss"
    panels = _by_generator(record, views.reference_arm(record, key), found)
    words = views.training_words(record, key) if value == "loss" else {}
    figure = curves(panels, drawn, ylabel=ylabel, scores=value == "val_metric", words=words, narrow=narrow)
    return _marked(record, figure)


def milestones_figure(record: Record, key: str, *, narrow: bool = False) -> Figure | None:
    """Return how near the samples of every fit were to real images on its way, first replicate; None where it is not known."""
    words = views.training_words(record, key)
    panels: dict[str, list[Milestones]] = {}
    for arm in record.arms:
        found = record.appraisals.get(key, {}).get(arm.id)
        shown = None if found is None else _milestones(arm.id, found, words.get(arm.id))
        if shown is not None:
            panels.setdefault(str(arm.generator), []).append(shown)
    if not panels:
        return None
    return _marked(record, milestones(panels, looks(record.arms), ylabel="KID to real images", narrow=narrow))


def _marked(record: Record, figure: Figure) -> Figure:
    return marked_as_phantom(figure) if record.data.phantom else figure


def _in_order(found: Sequence[Contrast], order: Sequence[str]) -> list[Contrast]:
    """Return the contrasts of the arms in ``order``, in that order."""
    return sorted((one for one in found if one.arm in order), key=lambda one: order.index(one.arm))


def _primary(record: Record, key: str, family: str) -> list[Contrast]:
    return views.contrasts(record, key, record.endpoints[0].id, family)


def _forest(record: Record, panels: Sequence[Panel], *, narrow: bool) -> Figure | None:
    if not any(panel.rows for panel in panels):
        return None
    primary = record.endpoints[0]
    bare = all(row.limits is None for panel in panels for row in panel.rows)
    no_interval = f"no interval: {count(record.replicates, 'replicate')}" if bare else None
    figure = forest(panels, unit=primary.title, margin=primary.margin, no_interval=no_interval, narrow=narrow)
    return _marked(record, figure)


def _rows(record: Record, found: Sequence[Contrast], against: str | None = None) -> list[Difference]:
    """Return the rows of a panel whose title names ``against``; one that is compared with another arm names both."""
    drawn = looks(record.arms)
    return [
        _difference(one.arm if against in (None, one.against) else f"{one.arm} - {one.against}", one, drawn[one.arm])
        for one in found
    ]


def _difference(label: str, found: Contrast, look: Look) -> Difference:
    return Difference(label, found.estimate, found.ci_low, found.ci_high, look)


def _milestones(arm: str, found: Appraisal, word: str | None) -> Milestones | None:
    """Return the distances of one arm's samples on the way; None where they were measured at no two places."""
    measured = {
        int(name.removeprefix(ON_THE_WAY).removesuffix(" %")): one
        for name, one in found.measures.items()
        if name.startswith(ON_THE_WAY) and one.value is not None
    }
    if len(measured) < 2:
        return None
    percents = sorted(measured)
    values = [(measured[percent], measured[percent].value or 0.0) for percent in percents]
    limits = [
        (value if one.ci_low is None else one.ci_low, value if one.ci_high is None else one.ci_high)
        for one, value in values
    ]
    return Milestones(arm, percents, [value for _, value in values], limits, word)


def _reliability(arm: str, found: Calibration) -> ReliabilityCurve:
    return ReliabilityCurve(arm, [one.stated for one in found.curve], [one.happened for one in found.curve])


def _curve(curve: TrainingCurve, value: str) -> list[Curve]:
    """Return the curve of one value, or nothing when no point has it."""
    points = [(point.step, number) for point in curve.points if (number := getattr(point, value)) is not None]
    return [Curve(curve.method, [step for step, _ in points], [number for _, number in points])] if points else []


def _by_generator(record: Record, reference: str | None, found: Iterable[Curve]) -> dict[str, list[Curve]]:
    """Return the curves by panel: the real-data arms, then each generator with its controls beside the reference."""
    by_arm: dict[str, list[Curve]] = {}
    for curve in found:
        by_arm.setdefault(curve.method, []).append(curve)
    panels: dict[str, list[Curve]] = {REAL_ARMS_PANEL: []}
    for arm in record.arms:
        own = by_arm.get(arm.id, [])
        panel = CHECKS_PANEL if arm.role in CHECK_ROLES else arm.generator or REAL_ARMS_PANEL
        if panel not in panels and own:
            panels[panel] = list(by_arm.get(str(reference), []))
        if own:
            panels[panel] += own
    return panels
