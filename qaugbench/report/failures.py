"""Why steps of a run failed: each cause once, with what to do, and the steps that were not computed because of it as a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qaugbench.definitions import split_name
from qaugbench.formatting import count
from qaugbench.outcomes import failed_and_blocked
from qaugbench.record import GENERATOR_STAGES, CellOutcome, Record, cause_of


@dataclass(frozen=True)
class Cause:
    """The failures that have one cause, in the order in which they happened."""

    failures: tuple[CellOutcome, ...]

    @property
    def steps(self) -> str:
        """The steps in words: the first, and how many more."""
        first, more = self.failures[0], len(self.failures) - 1
        return f"{first.stage} {first.name}" + (f" and {more} more" if more else "")

    @property
    def reason(self) -> str:
        """Why the first of them failed."""
        return self.failures[0].reason

    @property
    def generator(self) -> str | None:
        """The generator whose code raised an error that nobody expected; None for any other failure."""
        first = self.failures[0]
        expected = first.outcome != "error" or first.stage not in GENERATOR_STAGES or first.arm is None
        return None if expected or first.arm is None else split_name(first.arm)[0]


def causes(failures: Sequence[CellOutcome]) -> list[Cause]:
    """Return each cause once: steps that were not tried because of another have none."""
    found: dict[tuple[str, str, str], list[CellOutcome]] = {}
    for failure in failures:
        if not failure.blocked:
            found.setdefault((failure.stage, failure.outcome, cause_of(failure.reason)), []).append(failure)
    return [Cause(tuple(alike)) for alike in found.values()]


def failed_words(failures: Sequence[CellOutcome]) -> str:
    """Return how many steps failed, and how many were not computed because of them."""
    failed, blocked = failed_and_blocked(failure.reason for failure in failures)
    return f"Failed: {count(failed, 'step')}" + (
        f"; {count(blocked, 'step')} that need them not computed" if blocked else ""
    )


def failure_note(record: Record) -> str:
    """Return the failures of a run as one note, each cause once."""
    listed = "; ".join(f"{one.steps} ({one.failures[0].outcome}): {one.reason}" for one in causes(record.failures))
    return f"{failed_words(record.failures)}. {listed}"


def failure_text(record: Record, log: str) -> str:
    """Return what a person reads last after a run with failures: every cause once, how to try it, and where the traceback is."""
    found = causes(record.failures)
    lines = [f"{failed_words(record.failures)}. The same command tries them again."]
    if any(one.generator for one in found):
        lines.append(
            "With the code of a generator mended it is another run: it has a folder of its own, and this one stays."
        )
    for one in found:
        named = f"The generator {one.generator!r} failed in " if one.generator else ""
        lines.append(f"- {named}{one.steps} ({one.failures[0].outcome}): {one.reason}")
        if one.generator:
            lines.append(f"  Try it in a minute: qaugbench doctor generator {one.generator}")
    return "\n".join([*lines, f"Tracebacks are in {log}"])
