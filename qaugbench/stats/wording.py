"""Verdicts in plain English: one sentence per generator, and the few words of a table's cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qaugbench.formatting import signed, unsigned
from qaugbench.stats.ladder import Ladder, LadderVerdict, Rung

WORDS: dict[LadderVerdict, str] = {
    "SUPERIOR": "superior",
    "NON-INFERIOR": "non-inferior",
    "HELPS": "helps",
    "HURTS": "hurts",
    "NEITHER-HELPS": "neither helps",
    "INFERIOR": "inferior",
    "NO-ASSAY-SENSITIVITY": "no assay sensitivity",
    "EQUIVALENT": "equivalent",
    "INCONCLUSIVE": "inconclusive",
    "NO-VERDICT": "no verdict",
}
NO_RIVAL = "it helps; no classical generator did better on validation than the reference itself"


def verdict_sentence(ladder: Ladder, *, metric: str, fraction: str, task: str | None = None) -> str:
    """Return what was found as one sentence, and for a circuit that helps a second one on whether it is the circuit.

    ``metric`` is the endpoint's title, ``fraction`` a key such as "10%".
    """
    change = signed(ladder.gain)
    if ladder.rungs:
        helps = ladder.rungs[0]
        change = f"{change} (95 % CI {signed(helps.ci_low)} to {signed(helps.ci_high)})"
    opening = f"{_where(task, fraction)}, {ladder.arm} changed {metric} by {change} against the best real-only training"
    found = f"{opening} ({ladder.reference}): {clause(ladder)}."
    return f"{found} {circuit_sentence(ladder)}" if _helped(ladder) and ladder.attribution else found


def joint_sentence(ladders: Sequence[Ladder], *, metric: str, fraction: str, task: str | None = None) -> str:
    """Return in one sentence what was found of several generators of which one and the same is said (``clause``), no interval."""
    arms: dict[str, list[str]] = {}
    for ladder in ladders:
        arms.setdefault(signed(ladder.gain), []).append(ladder.arm)
    changes = listed([f"{change} ({', '.join(names)})" for change, names in arms.items()])
    first = ladders[0]
    opening = f"{_where(task, fraction)}, {metric} changed against the best real-only training ({first.reference}) by {changes}"
    return f"{opening}: {clause(first)}."


def clause(ladder: Ladder) -> str:
    """Return the words of a verdict with its reason, as they end its sentence."""
    return CLAUSES[ladder.verdict](ladder)


def circuit_sentence(ladder: Ladder) -> str:
    """Return whether the gain of a circuit that helps is attributed to it."""
    if ladder.attribution == "QUANTUM-ATTRIBUTED":
        beaten = ", ".join(f"{control.claim} ({_interval(control)})" for control in ladder.controls)
        return f"It is better than each of its controls, {beaten}: the gain is attributed to its circuit."
    if ladder.attribution == "NOT-ATTRIBUTED":
        return f"The gain is not attributed to its circuit: {ladder.attribution_reason}."
    return f"Whether its circuit is what helps was not tested: {ladder.attribution_reason}."


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])


def verdict_text(ladder: Ladder) -> str:
    """Return a verdict in a few words, for a table: ``superior, below margin``."""
    return f"{WORDS[ladder.verdict]}{', below margin' * ladder.below_margin}"


def _where(task: str | None, fraction: str) -> str:
    share = fraction.removesuffix("%").strip()
    amount = "all of the training data" if share == "100" else f"{share} % of the training data"
    if task is None:
        return f"With {amount}"
    return f"On {task} with {amount}" if share == "100" else f"On {task} at {amount}"


def _helped(ladder: Ladder) -> bool:
    return bool(ladder.rungs and ladder.rungs[0].passed)


def _interval(rung: Rung) -> str:
    return f"{signed(rung.estimate)}, {signed(rung.ci_low)} to {signed(rung.ci_high)}"


def _rung(ladder: Ladder, claim: str, contrast: str = "") -> Rung | None:
    return next((rung for rung in ladder.rungs if rung.claim == claim and rung.contrast.startswith(contrast)), None)


def _best(ladder: Ladder, claim: str) -> str:
    """Return the best classical arm with the interval of one rung: "the best classical arm, R+os (+.010, ...)"."""
    rung = _rung(ladder, claim, f"{ladder.best_classical} - " if claim == "assay" else "")
    return f"the best classical arm, {ladder.best_classical}" + ("" if rung is None else f" ({_interval(rung)})")


def _though_small(ladder: Ladder) -> str:
    small = ladder.below_margin and ladder.margin is not None
    return f", though by less than the {unsigned(ladder.margin or 0)} that would matter" if small else ""


def _superior(ladder: Ladder) -> str:
    if ladder.best_classical == ladder.reference:
        return f"{NO_RIVAL}{_though_small(ladder)}"
    return f"it helps, and more than {_best(ladder, 'superior')}{_though_small(ladder)}"


def _non_inferior(ladder: Ladder) -> str:
    higher = _rung(ladder, "superior")
    if ladder.best_classical == ladder.reference:
        return f"{NO_RIVAL}{'' if higher is None or higher.reason is None else f'; {higher.reason}'}"
    kept = f"it helps, and keeps at least half of the gain of {_best(ladder, 'assay')}"
    if higher is not None and higher.passed is None:
        return f"{kept}; {higher.reason}"
    return f"{kept}; that it does better was not shown"


def _helps(ladder: Ladder) -> str:
    retains = _rung(ladder, "retains")
    if retains is None:
        return f"it helps{_though_small(ladder)}; there was no classical arm to compare it with"
    if retains.passed is None:
        return f"it helps{_though_small(ladder)}; whether as much as classical methods cannot be said, because {retains.reason}"
    return f"it helps{_though_small(ladder)}; that it keeps half of the gain of {_best(ladder, 'assay')} was not shown"


def _neither_helps(ladder: Ladder) -> str:
    small = f"shown to be less than the {unsigned(ladder.margin or 0)} that would matter"
    if _rung(ladder, "assay", f"{ladder.best_classical} - ") is None:
        return f"{small}, so it does not help"
    return f"{small}, and so is the change by {_best(ladder, 'assay')}: neither helps"


def _inferior(ladder: Ladder) -> str:
    return f"not shown to help, and worse than {_best(ladder, 'superior')}{_though_small(ladder)}"


def _no_assay_sensitivity(ladder: Ladder) -> str:
    tried = [
        f"{rung.contrast.partition(' - ')[0]} ({_interval(rung)})" for rung in ladder.rungs if rung.claim == "assay"
    ]
    if not tried:
        return "not shown to help, and no other arm ran that could show whether this task can show a gain at all"
    return f"not shown to help, but neither was {' or '.join(tried)}: this task may be unable to show a gain"


def no_verdict_words(ladder: Ladder) -> str:
    """Return that there is no verdict, and why."""
    return f"no verdict ({ladder.reason})"


def _equivalent(ladder: Ladder) -> str:
    return f"not shown to help, but within {unsigned(ladder.margin or 0)} of {_best(ladder, 'superior')}"


CLAUSES: dict[LadderVerdict, Callable[[Ladder], str]] = {
    "SUPERIOR": _superior,
    "NON-INFERIOR": _non_inferior,
    "HELPS": _helps,
    "HURTS": lambda ladder: f"it hurts{_though_small(ladder)}",
    "NEITHER-HELPS": _neither_helps,
    "INFERIOR": _inferior,
    "NO-ASSAY-SENSITIVITY": _no_assay_sensitivity,
    "EQUIVALENT": _equivalent,
    "INCONCLUSIVE": lambda ladder: (
        f"inconclusive; a difference under {unsigned(ladder.mde or 0)} could not have been seen"
    ),
    "NO-VERDICT": no_verdict_words,
}
