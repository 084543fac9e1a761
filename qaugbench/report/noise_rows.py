"""What hardware noise costs the generators of a run, drawn again from the same fits on noisy devices, as rows of text."""

from __future__ import annotations

from collections.abc import Iterator

from qaugbench.formatting import NONE, Row, change, fraction_words
from qaugbench.predictions import ArmInfo
from qaugbench.record import NoisyDrawing, Record
from qaugbench.report import record_views as views
from qaugbench.stats.wording import listed

TITLE = "Hardware noise"
HEADER: Row = ("arm", "errors expected", "deviation")
LEGEND = (
    "The same fits, seeds and labels, drawn with the circuits on a noisy device. errors expected: in one run of each circuit, by "
    "the device's stated errors; a snapshot, whose errors are those of each qubit, has no such number. deviation: the root mean "
    "square by which the circuits' outputs missed the exact ones while drawing. No claim and no rank rests on these arms."
)
FOUND = {
    "HELPS": "it is better than drawing exactly",
    "HURTS": "it is worse than drawing exactly",
    "INCONCLUSIVE": "it was not shown to differ from drawing exactly",
    "NO-VERDICT": "no verdict",
}


def noisy_arms(record: Record) -> list[ArmInfo]:
    """Return the arms that were drawn under noise, in their order."""
    return [arm for arm in record.arms if arm.role == "noisy"]


def noise_rows(record: Record, key: str) -> list[Row]:
    """Return one row per arm drawn under noise at one fraction; dashes where that could not be measured."""
    return [(arm.id, *_did(record.noisy.get(key, {}).get(arm.id))) for arm in noisy_arms(record)]


def noise_sentences(record: Record, key: str) -> list[str]:
    """Return what noise costs each arm drawn under it at one fraction: its difference from exact drawing in one sentence."""
    return [_sentence(record, key, arm) for arm in noisy_arms(record)]


def devices(record: Record) -> dict[str, str]:
    """Return what circuits were drawn on besides exactly, in words, by name."""
    return {name: ", ".join(_device(record, name)) for name in record.executions}


def _device(record: Record, name: str) -> Iterator[str]:
    facts = record.executions[name]
    yield facts.title
    if facts.date:
        yield f"as of {facts.date}"
    if facts.origin:
        yield f"source: {facts.origin}"


def _did(found: NoisyDrawing | None) -> tuple[str, str]:
    if found is None:
        return NONE, NONE
    errors = found.expected_errors
    return (
        NONE if not errors else listed([f"{one:.3g}" for one in dict.fromkeys(errors)]),
        NONE if found.deviation is None else f"{found.deviation:.3g}",
    )


def _sentence(record: Record, key: str, arm: ArmInfo) -> str:
    found = views.contrasts(record, key, record.endpoints[0].id, "execution")
    exact = next((one for one in found if (one.arm, one.against) == (arm.id, arm.generator)), None)
    scored = views.endpoint_score(record, key, record.endpoints[0].id)
    at = f" at {fraction_words(key)}" if len(record.fractions) > 1 else ""
    if exact is None or scored is None:
        return f"What {arm.execution} costs {arm.generator}{at} could not be measured."
    by = change(exact.estimate, exact.ci_low, exact.ci_high)
    return (
        f"Drawn on {arm.execution} instead of exactly, from the same fits, {arm.generator} changes {scored.title}{at} by {by}: "
        f"{FOUND[exact.verdict]}."
    )
