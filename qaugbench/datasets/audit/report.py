"""What an audit found, the most important first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from qaugbench.datasets.audit.near_duplicates import Pairs
from qaugbench.errors import shown

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
WIDTH = 110
MAX_OFFENDERS = 5


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or worth knowing.

    ``error``: the split in use leaks, or a run refuses the source. ``warning``: a result may mislead. ``note``: worth knowing.
    ``what`` is one clause with its count; ``count`` of ``of`` (images unless ``unit`` says otherwise); ``offenders`` the first
    few; ``facts`` further numbers, ready for JSON.
    """

    check: str
    severity: Severity
    what: str
    remedy: str
    count: int
    of: int
    unit: str = "images"
    offenders: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def line(self, width: int = WIDTH) -> str:
        """Return the finding as one line of at most ``width`` characters, with as many offenders as fit.

        >>> Finding("blank", "warning", "2 of 9 images are blank", "Remove them.", 2, 9, offenders=("a", "b")).line()
        'WARNING  2 of 9 images are blank (a, b)'
        """
        start = f"{self.severity.upper():<8} {shown(self.what, None)}"
        for number in range(len(self.offenders), 0, -1):
            more = f" and {self.count - number} more" if self.unit == "images" and self.count > number else ""
            line = f"{start} ({', '.join(map(shown, self.offenders[:number]))}{more})"
            if len(line) <= width:
                return line
        return start if len(start) <= width else f"{start[: width - 4].rstrip()} ..."

    def to_dict(self) -> dict[str, Any]:
        """Return the finding ready for JSON."""
        return {
            "check": self.check,
            "severity": self.severity,
            "what": self.what,
            "remedy": self.remedy,
            "count": self.count,
            "of": self.of,
            "unit": self.unit,
            "offenders": list(self.offenders),
            "facts": dict(self.facts),
        }


@dataclass(frozen=True)
class AuditReport:
    """The findings on one source, sorted, and the pairs of images that show one picture.

    ``split_name`` is the column in use, "own" for a split made here, or None where none can be used.
    """

    source: str
    task: str
    n_images: int
    split_name: str | None
    split_how: str
    findings: tuple[Finding, ...]
    pairs: Pairs
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether the split in use shows no error: no known patient and no picture lies in two of its parts."""
        return all(finding.severity != "error" for finding in self.findings)

    def of(self, check: str) -> tuple[Finding, ...]:
        """Return the findings of one check."""
        return tuple(finding for finding in self.findings if finding.check == check)

    def text(self) -> str:
        """Return the report in lines of at most 110 columns, one a finding, errors first."""
        counts = [sum(finding.severity == severity for finding in self.findings) for severity in SEVERITIES]
        split = "no usable split" if self.split_name is None else f"split in use: {shown(self.split_name, 40)}"
        verdict = "clean" if self.clean else "NOT CLEAN"
        tally = ", ".join(
            f"{count} {severity}{'' if count == 1 else 's'}" for count, severity in zip(counts, SEVERITIES, strict=True)
        )
        head = f"{shown(self.source, 40)}: {self.n_images:,} images audited for {self.task}"
        return "\n".join([head, f"{split} ({verdict}): {tally}", *(finding.line() for finding in self.findings)])

    def to_dict(self) -> dict[str, Any]:
        """Return the report ready for JSON; of the pairs only how many there are of each kind."""
        kinds, counts = _tally(self.pairs)
        return {
            "source": self.source,
            "task": self.task,
            "n_images": self.n_images,
            "split": self.split_name,
            "split_how": self.split_how,
            "clean": self.clean,
            "findings": [finding.to_dict() for finding in self.findings],
            "pairs": dict(zip(kinds, counts, strict=True)),
            "summary": dict(self.summary),
        }


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings with errors first, then warnings, then notes; otherwise as they came."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))


def first_files(files: Sequence[str], rows: np.ndarray) -> tuple[str, ...]:
    """Return the names of the first offenders, without the leading ``images/``."""
    return tuple(files[row].removeprefix("images/") for row in rows[:MAX_OFFENDERS])


def _tally(pairs: Pairs) -> tuple[list[str], list[int]]:
    kinds = sorted(set(pairs.kind.tolist()))
    return kinds, [int((pairs.kind == kind).sum()) for kind in kinds]
