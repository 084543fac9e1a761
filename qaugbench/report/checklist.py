"""What a submitter should know of an entry that was just written: its files, what a reviewer will ask, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

from qaugbench.board.appraisal_notes import appraisal_notes, label_lines
from qaugbench.board.bundle import ENTRY_FILE, MANIFEST_FILE, PREDICTIONS_FILE, SAMPLES_FILE, read_entry
from qaugbench.board.circuit_influence import influence_notes
from qaugbench.board.comparable import why_off_board
from qaugbench.board.fit_notes import fit_notes
from qaugbench.board.plateau_notes import plateau_notes
from qaugbench.board.protocol import own_prefix
from qaugbench.board.pull_request import Proposed
from qaugbench.board.short_fits import short_fits_notes
from qaugbench.definition_text import next_commands
from qaugbench.errors import shown
from qaugbench.formatting import WIDTH, count
from qaugbench.kinds import is_quantum
from qaugbench.limits import MIN_FOR_VERDICT
from qaugbench.places import RESULTS
from qaugbench.record import HARDLY_REACHES, Record
from qaugbench.report.failures import failed_words
from qaugbench.stats.decide import LISTED_REPLICATES
from qaugbench.stats.wording import listed
from qaugbench.text_table import wrapped

CONTENTS = {
    ENTRY_FILE: "the record: what was run, every score, every comparison",
    PREDICTIONS_FILE: "the prediction for every real image, from which every score can be computed again",
    SAMPLES_FILE: "pictures that the generators drew, which are published with the entry",
    MANIFEST_FILE: "the SHA-256 of the other files",
}


@dataclass(frozen=True)
class Check:
    """A question of a reviewer, whether the entry answers it well, and the answer."""

    question: str
    well: bool
    answer: str


@dataclass(frozen=True)
class Checklist:
    """An entry: where it is, its files with bytes, why no board lists it (None if one does), checks, and next commands."""

    path: Path
    board: str
    files: dict[str, int]
    not_listed: str | None
    checks: tuple[Check, ...]
    following: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the checklist as plain data."""
        return {**asdict(self), "path": str(self.path), "checks": [asdict(one) for one in self.checks]}

    def text(self, width: int = WIDTH) -> str:
        """Return the checklist as text at most ``width`` columns wide, but for paths and commands."""
        listed = "" if self.not_listed is None else f"No board lists this entry: {self.not_listed}."
        files = [f"{name} ({_size(size)}): {CONTENTS[name]}" for name, size in self.files.items()]
        checks = [f"{one.question} {one.answer}" for one in self.checks]
        marks = ["[x] " if one.well else "[ ] " for one in self.checks]
        blocks = [
            f"Entry: {self.path}",
            wrapped(listed, width=width),
            "\n".join(["Files", *(wrapped(line, "- ", width) for line in files)]),
            "\n".join(
                [
                    wrapped("What a reviewer will ask; [ ] needs a word in the pull request", width=width),
                    *(wrapped(line, mark, width) for mark, line in zip(marks, checks, strict=True)),
                ]
            ),
            next_commands(self.following, width),
        ]
        return "\n\n".join(block for block in blocks if block)


def checklist(entry: Path, root: Path) -> Checklist:
    """Return the checklist of the entry in the folder ``entry``, which was verified when it was written below ``root``."""
    sizes = {name: (entry / name).stat().st_size for name in CONTENTS if (entry / name).is_file()}
    return checklist_of(entry, read_entry(entry).record, sizes, root)


def checklist_of(
    entry: Path,
    record: Record,
    sizes: Mapping[str, int],
    root: Path,
    proposed: Proposed | None = None,
    *,
    merged: bool = False,
) -> Checklist:
    """Return the checklist of an entry that need not be written yet, by its record and the bytes of its files.

    ``proposed`` says on which branch it is, where it is in git alone; one that is ``merged`` needs no proposal.
    """
    files = {name: sizes[name] for name in CONTENTS if name in sizes}
    why = why_off_board(record)
    following = (
        _written(entry, root, copied=why is None and not merged) if proposed is None else _on_branch(proposed, record)
    )
    return Checklist(entry, str(record.board), files, why, tuple(checks(record)), following)


OPENED = "open a pull request that adds this folder and nothing else"


def _written(entry: Path, root: Path, *, copied: bool) -> dict[str, str]:
    """Return what comes next for an entry that is a folder: to look at it, and where it is to be ``copied``, how."""
    verified = {f"qaugbench verify {quote(str(entry))}": "what the reviewer will run"}
    if not copied:
        return verified
    target = f"CLONE/{RESULTS}/{entry.relative_to(root).parent}/"
    words = f"CLONE is a clone of qaugbench's repository, since this folder is in none; then commit there, and {OPENED}"
    return {
        **verified,
        f"qaugbench leaderboard build {quote(str(root))}": "its row beside those of the board's other entries",
        f"mkdir -p {target} && cp -r {quote(str(entry))} {target}": words,
    }


def _on_branch(proposed: Proposed, record: Record) -> dict[str, str]:
    """Return what comes next for an entry that is committed on a branch."""
    branch, owner = quote(proposed.branch), own_prefix(record.board.source)
    author = "" if owner is None else f" --author {quote(owner)}"
    looked = {
        f"qaugbench leaderboard check --base {quote(proposed.base)} --head {branch}{author}": "what the reviewer will run, with "
        "the row that the entry has beside the board's others"
    }
    if proposed.pushed is not None:
        return looked
    pushed = (
        f"origin being the leaderboard or your fork of it; the entry is one commit. Then {OPENED}, with the text below"
    )
    return {**looked, f"git push origin {branch}": pushed}


def checks(record: Record) -> Iterator[Check]:
    """Yield what a reviewer will ask about the entry of a record that holds what it claims."""
    yield Check("Do the numbers follow from the predictions?", True, "Yes: every one was recomputed just now.")
    enough = record.replicates >= LISTED_REPLICATES
    provisional = "" if enough else f" A listed result needs {LISTED_REPLICATES}; until then its rows are provisional."
    yield Check("Are there enough replicates?", enough, f"{count(record.replicates, 'replicate')}.{provisional}")
    yield _controls(record)
    weak = [one for one in influence_notes(record) if HARDLY_REACHES in one]
    yield _from_notes("Do the circuits reach the images?", weak, "Nothing says otherwise.")
    undertrained = [*plateau_notes(record), *fit_notes(record), *short_fits_notes(record)]
    if not record.fits and any(one.kind != "external" for one in record.generators):
        undertrained.append("Not recorded for the generators: this run was made by an earlier version.")
    yield _from_notes("Was everything trained long enough?", undertrained, "Nothing says otherwise.")
    faults = appraisal_notes(record) if record.appraisals else ["Not looked at in this run."]
    said = _from_notes("Are the images no copies, varied, and rightly labelled?", faults, "Nothing says otherwise.")
    yield replace(said, answer=" ".join([said.answer, *label_lines(record)]))
    failed = [f"{failed_words(record.failures)}: say why."] if record.failures else []
    yield _from_notes("Did any step fail?", failed, "None.")
    yield _data(record)
    yield _patients(record)
    yield _access(record)
    yield _classes(record)
    yield _fidelity(record)
    yield _code(record)


def _from_notes(question: str, notes: list[str], otherwise: str) -> Check:
    return Check(question, not notes, " ".join(notes) or otherwise)


def _controls(record: Record) -> Check:
    controls = {arm.generator for arm in record.arms if arm.role == "control"}
    quantum = [arm.id for arm in record.arms if arm.role == "synthetic" and is_quantum(arm.kind)]
    alone = [name for name in quantum if name not in controls]
    answer = f"Not {', '.join(alone)}: whether the quantum part matters was not tested." if alone else "Yes."
    return Check(
        "Did quantum generators run beside their controls?", not alone, answer if quantum else "There are none."
    )


def _data(record: Record) -> Check:
    wrong = ["The split leaks: patients are on both sides of it."] if record.data.leaky else []
    wrong += [] if record.data.patients_known else ["Not known: the source names no patients; say what its groups are."]
    return _from_notes("Are patients kept apart?", wrong, "Yes, no patient is in two parts of the split.")


def _patients(record: Record) -> Check:
    """Return what the predictions say of the people on real images."""
    told = [{"age": "age in bands"}.get(column, column) for column in record.data.subgroups]
    wrong = [f"For every held-out image its {listed(told)}: say why these may be published."] if told else []
    if record.data.phantom:
        return Check("What does the entry say of patients?", True, "Nothing: a phantom has none.")
    return _from_notes("What does the entry say of patients?", wrong, "Nothing but the classes of their images.")


def _access(record: Record) -> Check:
    """Return whether somebody else can get the images, and may use them."""
    question, data = "Can others get the real images, and under which licence?", record.data
    if data.phantom:
        return Check(question, True, "Yes: a program draws them.")
    wrong = (
        [] if data.citation else ["The record names no publication of them: say where they are, and who may have them."]
    )
    stated = (
        f"The licence is stated as: {shown(data.licence, None)}."
        if data.licence
        else "No licence is stated: say which it is."
    )
    return Check(question, bool(data.citation and data.licence), " ".join([*wrong, stated]))


def _classes(record: Record) -> Check:
    """Return whether every class has the images that a verdict on it needs, and every folder of images enough of each."""
    counts, titles = record.data.class_counts, dict(zip(record.labels.names, record.labels.titles, strict=True))
    n_test = record.data.n_images["test"]
    sizes = {name: min(parts["test"], n_test - parts["test"]) for name, parts in counts.items()}
    few = [f"{titles[name]}: {size}" for name, size in sizes.items() if size < MIN_FOR_VERDICT]
    needed = f"fewer than {MIN_FOR_VERDICT} test images on the rarer side, so no verdict on the class"
    wrong = [f"{len(few)} of {count(len(sizes), 'class', 'classes')} with {needed}: {', '.join(few)}."] if few else []
    external = tuple(f"{one.id}: only " for one in record.generators if one.kind == "external")
    wrong += [note for note in record.data.notes if note.startswith(external)] if external else []
    smallest = min(counts, key=lambda name: counts[name]["train"])
    found = counts[smallest]
    otherwise = (
        f"Yes; the smallest in training, {titles[smallest]}, has {found['train']:,} training, {found['val']:,} validation and "
        f"{found['test']:,} test images."
    )
    return _from_notes("Has every class enough images?", wrong, otherwise)


def _code(record: Record) -> Check:
    commit = record.environment.commit
    wrong = (
        []
        if commit
        else [f"No commit is known, version {shown(record.environment.qaugbench)}: say where it came from."]
    )
    wrong += [f"Commit {shown(commit)}: say what the changes are."] if commit and commit.endswith("+changes") else []
    others = dict.fromkeys(f"{one.id} is from {one.package}" for one in record.generators if one.package)
    wrong += [f"{shown(words, 200)}: say where its code can be read." for words in others]
    return _from_notes("Which code made it?", wrong, f"Commit {shown(commit)}.")


def _fidelity(record: Record) -> Check:
    own = [one for one in record.generators if one.control == "none"]
    said = "; ".join(f"{one.id}: {one.fidelity}, {count(len(one.deviations), 'deviation')} stated" for one in own)
    unknown = any(one.fidelity == "unknown" for one in own)
    return Check("How true to their papers are the generators?", not unknown, f"{said or 'There are none'}.")


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3)):,} kB"
