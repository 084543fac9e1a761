"""A paragraph that says what was done, for the methods section of a paper."""

from __future__ import annotations

import re

from qaugbench.papers.facts import facts
from qaugbench.record import Record
from qaugbench.report.latex import escaped

CITED = re.compile(r"\[@([A-Za-z0-9.:+-]+)\]")
TEMPLATE = """\
We used qaugbench {version} (task {task}, source {source}, track {track}). {question} {description} {sizes} {split} {disjoint}
{fractions} {replication} {classifier} Its augmentation: {augmentation}. {generators} {baselines} {reference} Differences are
from this reference, in {endpoint}. {intervals} {tests} {power} {failures} Every score can be recomputed from the stored
predictions (SHA-256 {predictions_sha256}).
"""


def methods_paragraph(record: Record) -> str:
    """Return the paragraph; every number and name in it is the record's."""
    board = record.board
    known = {**facts(record), "task": board.task, "track": board.track}
    return " ".join(TEMPLATE.format_map(known).split())


def methods_latex(record: Record) -> str:
    """Return the paragraph as LaTeX, which cites the papers of generators."""
    return CITED.sub(lambda found: rf"\cite{{{found[1]}}}", escaped(methods_paragraph(record)))
