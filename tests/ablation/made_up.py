"""A study whose numbers are made up, to look at its table and its picture."""

from __future__ import annotations

from qaugbench.ablation.levels import asked_sweeps
from qaugbench.ablation.study import LevelResult, Side, Study, StudyResult


def side(kid: float, probe: float, *, recipe: float | None = None, outcome: str = "ok") -> Side:
    """Return two replicates around these values; a failed one has none."""
    if outcome != "ok":
        return Side(outcome, "sample qldm 10% r0: CircuitError: too many wires", ({}, {}))
    rows = []
    for shift in (-0.02, 0.02):
        row = {"kid": {"value": kid + shift, "se": 0.03}, "probe": {"value": probe + shift}}
        row["consistency"] = {"value": None, "reason": "no judge"}
        rows.append(row | ({} if recipe is None else {"recipe": {"value": recipe + shift / 10}}))
    return Side("ok", "", tuple(rows))


def made_up(*, phantom: bool = True) -> StudyResult:
    """Return a study of three sweeps, all levels done, the strongest of one failed."""
    sweeps = asked_sweeps(("two_qubit", "shots=64,1024"), ("ibm_heron_r1",), scaled=True, recipe_levels=True)
    study = Study(
        generator="qldm",
        task="brainmri@2",
        source="made",
        source_sha256="0" * 64,
        phantom=phantom,
        track="lite",
        fraction="10%",
        replicates=2,
        n_drawn=492,
        circuits=("8 wires, 56 gates, read as expectation",),
        twin=None,
        endpoint="macro_auroc",
        endpoint_title="macro-AUROC",
        sweeps=sweeps,
    )
    levels = []
    for sweep in sweeps:
        for level in sweep.levels:
            loss = min(1.0, 20 * level.strength / sweep.levels[-1].strength / 20)
            failed = sweep.name == "shots" and level.value == 64
            own = side(
                1 + loss, 0.9 - loss / 5, recipe=0.95 if level.trains else None, outcome="error" if failed else "ok"
            )
            twin = side(1.2 + loss / 2, 0.88 - loss / 8)
            levels.append(LevelResult(sweep.name, level, own, twin, (24 * level.strength,), loss / 10, 3.0))
    return StudyResult(
        study, side(1.2, 0.88, recipe=0.951), tuple(levels), Side("ok", "", ({"recipe": {"value": 0.949}},) * 2)
    )
