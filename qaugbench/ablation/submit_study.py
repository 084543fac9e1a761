"""A study of noise submitted: checked, written beside the entries of its board, or proposed as a branch of its own."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.ablation.findings import findings
from qaugbench.ablation.page import headlines
from qaugbench.ablation.published import StatedStudy, read_published, study_place, study_text
from qaugbench.ablation.stored import stored_noise, study_of
from qaugbench.ablation.study import StudyResult
from qaugbench.ablation.study_checks import check_study, study_faults
from qaugbench.board.noise_places import NOT_RECOMPUTED
from qaugbench.board.protocol import check_author
from qaugbench.board.pull_request import Proposal, Proposed, check_place, is_merged, propose
from qaugbench.board.repository import Repository
from qaugbench.errors import EntryError, shown
from qaugbench.files import write_folder
from qaugbench.places import NOISE_FILE
from qaugbench.record import parse_facts
from qaugbench.stats.wording import listed
from qaugbench.untrusted import exists, read_bytes

REMEDY = "Submit with --out {root}, or with a folder outside of any repository."


@dataclass(frozen=True)
class SubmittedStudy:
    """What was done with a study, or would be: its folder, what it concludes, and the proposal, if any."""

    path: Path
    bytes: int
    says: tuple[str, ...]
    proposed: Proposed | None
    merged_into: str | None
    dry_run: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "path": str(self.path),
            "bytes": self.bytes,
            "says": list(self.says),
            "pull_request": None if self.proposed is None else self.proposed.to_dict(),
            "merged_into": self.merged_into,
            "dry_run": self.dry_run,
        }

    def text(self) -> str:
        """Return it as text for a terminal."""
        lines = ["Nothing was written (--dry-run).\n"] if self.dry_run else []
        lines += [f"Study of noise: {self.path} ({self.bytes:,} bytes)", *(f"  {line}" for line in self.says)]
        lines += ["", f"Not recomputed, since nobody can from it: {listed(list(NOT_RECOMPUTED))}."]
        if self.merged_into is not None:
            lines += ["", f"It is part of {self.merged_into} already: there is nothing to propose."]
        if self.proposed is not None:
            proposed = self.proposed
            check = f"qaugbench leaderboard check --base {proposed.base} --head {proposed.branch}"
            push = [] if proposed.pushed else [f"  git push origin {proposed.branch}"]
            lines += ["", "Next", f"  {check}", *push, "", proposed.said()]
        return "\n".join(lines)


def submit_study(folder: Path, root: Path, *, dry_run: bool = False, push: bool = False) -> SubmittedStudy:
    """Write the study in a ``folder`` of ``qaugbench noise`` below ``root``, or propose it where ``root`` is in a repository.

    The same study always gives the same bytes. Raises EntryError for one that is not finished, of a phantom, or says what cannot
    be; for a ``root`` that is not where its repository has its entries; and where a step fails, after undoing those before it.
    """
    repository = Repository.around(root)
    if repository is not None:
        check_place(repository, root, REMEDY)
    found, text = prepared(folder)
    place = study_place(found, text)
    path, says = root / place, tuple(headlines(found, findings(found)))
    content = text.encode()
    if exists(path) and read_bytes(path / NOISE_FILE, len(content)) != content:
        raise EntryError(f"{shown(path, None)} is there already and holds something else. Remove it if it is yours.")
    proposed, merged_into = None, None
    if repository is None:
        if not dry_run and not exists(path):
            write_folder(path, {NOISE_FILE: content})
    else:
        proposal = Proposal(
            branch=f"noise/{path.name}",
            title=f"noise: {path.name}",
            text=request_text(found, says),
            added={f"{repository.path_of(path)}/{NOISE_FILE}": content},
        )
        if is_merged(repository, proposal):
            merged_into = repository.base()
        else:
            proposed = propose(repository, proposal, dry_run=dry_run, push=push)
    return SubmittedStudy(path, len(content), says, proposed, merged_into, dry_run)


def prepared(folder: Path) -> tuple[StudyResult, str]:
    """Return the study in a folder of ``qaugbench noise`` as a board keeps it, with the text of its file, after all checks."""
    stored = stored_noise(folder)
    planned = sum(len(sweep.levels) for sweep in stored.study.sweeps)
    if len(stored.levels) < planned:
        raise EntryError(
            f"{shown(folder, None)} has {len(stored.levels)} of {planned} levels. The command that began it resumes it."
        )
    if stored.study.phantom:
        raise EntryError(f"{shown(folder, None)} is of a phantom's images, drawn by a program, and no evidence.")
    file = folder / NOISE_FILE
    stated = parse_facts(study_text(stored).encode(), file, StatedStudy)
    found = study_of(stated.model_dump(), file)  # whole numbers where fractions may be are written as such
    text = study_text(found)
    place = study_place(found, text)
    fault = next(study_faults(found), None)
    if fault is not None:
        raise EntryError(f"{shown(folder, None)} cannot be submitted: {fault}.")
    with tempfile.TemporaryDirectory(prefix="qaugbench-study-") as staged:
        write_folder(Path(staged) / place, {NOISE_FILE: text.encode()})
        try:
            read_published(Path(staged) / place)
        except EntryError as error:
            said = str(error).removeprefix(f"{Path(staged) / place}: ")
            raise EntryError(f"{shown(folder, None)} cannot be submitted: {said}") from error
    return found, text


def review_text(path: Path, place: str, author: str | None) -> str:
    """Return what a machine says of the study in a folder, whose place below that of all boards is given, as Markdown.

    Raises EntryError for one that cannot be taken; ``author`` is who submits it.
    """
    study = check_study(path)
    found = study.found
    check_author(found.study.source, author, "study")
    concluded = findings(found)
    lines = [
        f"## Study of noise `{Path(place).name}`",
        f"It says nothing that cannot be, and would stand beside the entries of `{study.board}`: "
        f"{found.study.replicates} replicates, {len(found.levels)} levels.",
        "\n".join(f"- {line}" for line in headlines(found, concluded)),
        f"Not recomputed, since nobody can from it: {listed(list(NOT_RECOMPUTED))}. It has no rank.",
    ]
    return "\n\n".join(lines) + "\n"


def request_text(found: StudyResult, says: tuple[str, ...]) -> str:
    """Return the text of the pull request of a study."""
    study = found.study
    lines = [
        f"What the noise of hardware costs `{study.generator}` on `{study.task}/{study.source}/{study.track}`, "
        f"{study.replicates} replicates.",
        "",
        *(f"- {line}" for line in says),
        "",
        "What is concluded was computed from the measures of the replicates. Stated and not recomputed: "
        f"{listed(list(NOT_RECOMPUTED))}.",
    ]
    return "\n".join(lines) + "\n"
