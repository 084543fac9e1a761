"""What a pull request may change, and what is said of it: the logic of the workflows, on git repositories made here."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from qaugbench.board.due import due
from qaugbench.board.gains import Gains, Place
from qaugbench.board.review import to_best_other
from qaugbench.cli import cli
from tests.board.clone import git
from tests.board.tampering import change_record
from tests.cli.committed import committed_entry

ID = committed_entry().name
BOARD = Path("results/brainmri@2/nickparvar-lite")
ENTRY = BOARD / "entries" / ID
OTHER = f"{ID[:-8]}dddddddd"
"""What the entry would be called with another configuration."""


@pytest.fixture
def proposed(clone: Path) -> Path:
    """Return the folder of an entry that is written but not committed, on a branch for it."""
    git("checkout", "-q", "-b", "proposal")
    shutil.copytree(committed_entry(), clone / ENTRY)
    return clone / ENTRY


def commit(*paths: str) -> None:
    git("add", "-A", *(paths or ("results",)))
    git("commit", "-q", "-m", "change")


def checked(*words: str) -> Result:
    return CliRunner().invoke(cli, ["leaderboard", "check", "--base", "main", *words], standalone_mode=False)


def test_a_new_entry_is_told_with_its_row(proposed: Path, clone: Path) -> None:
    commit()
    said = checked("--out", "report.md")
    assert (said.exception, said.return_value) == (None, 0)
    text = (clone / "report.md").read_text(encoding="utf-8")
    assert text.startswith(
        f"## Entry `{ID}`\n\nIt holds on `brainmri@2/nickparvar/lite`: 3,439 numbers were recomputed"
    )
    assert "| 10 % | qldm | -.009 [-.017, -.002] | 1-2 | -.002 [-.003, .000] |" in text
    assert "(ddpm)" in text


def test_ids_lead_to_the_entry_in_the_proposed_commit(proposed: Path, clone: Path) -> None:
    commit()
    address = "https://example.org/owner/board"
    assert checked("--out", "report.md", "--url", address).return_value == 0
    there = f"{address}/tree/{git('rev-parse', 'HEAD')}/{ENTRY.as_posix()}"
    text = (clone / "report.md").read_text(encoding="utf-8")
    assert text.startswith(f"## Entry [`{ID}`]({there})")
    assert f"`{ID}`" not in text.replace(f"[`{ID}`]({there})", "")
    assert f"[docs/trust.md]({address}/blob/{git('rev-parse', 'main')}/docs/trust.md)" in text
    assert "](../" not in text
    assert "is no address" in str(checked("--url", "javascript:alert(1)").exception)


def _change_another(entry: Path) -> None:
    git("add", "results")
    git("commit", "-q", "-m", "another's entry")
    git("branch", "-f", "main")
    change_record(entry, lambda record: record["environment"].update(cores=64))


def _add(name: str) -> Callable[[Path], None]:
    def change(entry: Path) -> None:
        file = entry.parents[4] / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("anything", encoding="utf-8")

    return change


def _link(entry: Path) -> None:
    (entry / "entry.json").unlink()
    (entry / "entry.json").symlink_to("/etc/passwd")


def _executable(entry: Path) -> None:
    (entry / "entry.json").chmod(0o755)


def _second(entry: Path) -> None:
    shutil.copytree(entry, entry.with_name("another"))


def _heavy(entry: Path) -> None:
    (entry / "samples.png").write_bytes(os.urandom(9_000_000))


def _many(entry: Path) -> None:
    for number in range(60):
        (entry / f"{number}.json").write_text("{}", encoding="utf-8")


def _remove_another(entry: Path) -> None:
    _change_another(entry)
    shutil.rmtree(entry)


def _remove_a_file(entry: Path) -> None:
    _change_another(entry)
    (entry / "predictions.npz").unlink()
    note = entry.parents[1] / "withdrawn" / "another.json"
    note.parent.mkdir()
    note.write_text("{}", encoding="utf-8")


def _copy_of_another(entry: Path) -> None:
    git("add", "results")
    git("commit", "-q", "-m", "another's entry")
    git("branch", "-f", "main")
    copy = Path(shutil.copytree(entry, entry.with_name(OTHER)))
    change_record(copy, lambda record: record.update(id=OTHER, config_sha256="d" * 64))


def _name_of_ones_own(entry: Path) -> None:
    change_record(entry, lambda record: record.update(id="best-of-all"))
    entry.rename(entry.with_name("best-of-all"))


def _lie(entry: Path) -> None:
    change_record(entry, lambda record: record["recipe"].update(steps=4500))


def _own_source(entry: Path) -> None:
    name = entry.name.replace("nickparvar", "jroe.clinic")
    change_record(entry, lambda record: [record[part].update(source="jroe.clinic") for part in ("board", "data")])
    change_record(entry, lambda record: record.update(id=name))
    target = entry.parents[2] / "jroe.clinic-lite" / "entries" / name
    target.parent.mkdir(parents=True)
    shutil.move(entry, target)


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "another's entry changed": (_change_another, "exists already: entries are never changed"),
    "a file of the repository": (_add("README.md"), "README.md may not be changed"),
    "a workflow": (_add(".github/workflows/mine.yml"), ".github/workflows/mine.yml may not be changed"),
    "code in an entry": (_add(f"{ENTRY}/conftest.py"), "conftest.py may not be changed"),
    "a page beside the entries": (_add(f"{BOARD}/index.html"), "index.html may not be changed"),
    "a rerun of one's own": (_add(f"{BOARD}/reruns/{ID}.json"), f"reruns/{ID}.json may not be changed"),
    "a folder in an entry": (_add(f"{ENTRY}/more/entry.json"), "more/entry.json may not be changed"),
    "a link": (_link, "is no plain file (mode 120000)"),
    "a program": (_executable, "is no plain file (mode 100755)"),
    "two entries": (_second, "One entry a pull request"),
    "ten megabytes": (_heavy, "bytes, over the 10,000,000 of the track lite; the largest file is"),
    "sixty files": (_many, "files are changed; an entry has 4 at most"),
    "another's entry removed": (_remove_another, "is removed: an entry goes whole, with a note"),
    "a file of an entry removed": (_remove_a_file, "is removed: an entry goes whole, with a note"),
    "a copy of another's entry": (_copy_of_another, f"it has the predictions of {ID}, all of them"),
    "a name of one's own": (_name_of_ones_own, f"is called '{ID}'; submit the run again"),
    "a lie": (_lie, "recipe is other at steps: 4500, fixed is 450"),
    "a source called after somebody else": (
        _own_source,
        "is called after 'jroe', and the entry is submitted by 'mallory'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_changes_are_refused_in_one_line(name: str, proposed: Path) -> None:
    change, words = REFUSED[name]
    change(proposed)
    commit(".")
    said = checked("--author", "mallory")
    assert (said.exception, said.return_value) == (None, 1)
    title, _, line = said.stdout.rstrip("\n").split("\n")
    assert title == "## The entry cannot be taken"
    assert words in line
    assert "/tmp" not in line


def test_images_of_ones_own_are_taken_from_their_owner(proposed: Path) -> None:
    _own_source(proposed)
    commit()
    said = checked("--author", "JRoe")
    assert (said.exception, said.return_value) == (None, 0)
    assert "Trust: claimed (its images are the submitter's own" in said.stdout


def test_images_of_ones_own_need_to_be_told_whose_they_are(proposed: Path) -> None:
    _own_source(proposed)
    commit()
    said = checked()
    assert said.return_value == 1
    assert (
        "is called after 'jroe', and nothing says who submits: add --author with the name of who does." in said.stdout
    )


def test_a_withdrawal_needs_a_person(proposed: Path, clone: Path) -> None:
    commit()
    git("branch", "-f", "main")
    git("push", "-q", "origin", "main")
    words = ["withdraw", str(ENTRY), "--reason", "Other images"]
    assert CliRunner().invoke(cli, words, standalone_mode=False).exception is None
    said = checked("--head", f"withdraw/{ID}")
    assert said.return_value == 0
    assert said.stdout.startswith("## A withdrawal\n")
    assert "A maintainer has to see" in said.stdout


def _note(entry: Path, content: str) -> None:
    note = entry.parents[1] / "withdrawn" / f"{entry.name}.json"
    note.parent.mkdir(exist_ok=True)
    note.write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda entry: (shutil.rmtree(entry), _note(entry, "{}")), "does not have the form"),
        (lambda entry: ((entry / "predictions.npz").unlink(), _note(entry, "{}")), "an entry goes whole"),
        (lambda entry: (shutil.rmtree(entry), _note(entry, note_of("0" * 64))), "names another entry"),
        (
            lambda entry: (shutil.rmtree(entry), _note(entry, ""), _linked(entry)),
            "has to be a new, plain file",
        ),
    ],
)
def test_a_withdrawal_that_is_none_is_refused(
    change: Callable[[Path], object], words: str, proposed: Path, clone: Path
) -> None:
    commit()
    git("branch", "-f", "main")
    change(proposed)
    commit()
    said = checked()
    assert said.return_value == 1
    assert words in said.stdout


def note_of(digest: str) -> str:
    """Return a note on an entry with this hash in all places."""
    return json.dumps(
        {"schema_version": 1, "id": ID, "manifest_sha256": digest, "predictions_sha256": digest, "reason": "Gone."}
    )


def _linked(entry: Path) -> None:
    note = entry.parents[1] / "withdrawn" / f"{entry.name}.json"
    note.unlink()
    note.symlink_to("/etc/passwd")


def test_a_withdrawn_entry_does_not_come_back_under_another_name(proposed: Path, clone: Path) -> None:
    commit()
    git("push", "-q", "origin", "HEAD:main")
    kept = Path(shutil.copytree(proposed, clone.parent / "kept"))
    words = ["withdraw", str(ENTRY), "--reason", "Other images"]
    assert CliRunner().invoke(cli, words, standalone_mode=False).exception is None
    git("checkout", "-q", "-f", f"withdraw/{ID}")
    git("branch", "-f", "main")
    again = Path(shutil.copytree(kept, proposed.with_name(OTHER)))
    change_record(again, lambda record: record.update(id=OTHER, config_sha256="d" * 64))
    commit()
    said = checked()
    assert said.return_value == 1
    assert "was withdrawn: Other images." in said.stdout


def test_nothing_changed_and_no_repository(clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "Nothing is changed" in checked().stdout
    monkeypatch.chdir(tmp_path)
    assert "in no git repository" in str(checked().exception)


def test_the_best_other_row_is_that_of_the_same_fraction() -> None:
    places = tuple(
        Place(Path(name), key, name) for name, key in (("a", "10%"), ("b", "10%"), ("c", "10%"), ("d", "25%"))
    )
    theta = np.array([[0.01, 0.02, 0.03], [0.05, 0.05, 0.05], [0.0, 0.0, 0.0], [0.9, 0.9, 0.9]])
    gains = Gains(places, theta, np.zeros((4, 3, 30)), 30)
    assert to_best_other(gains, places[0]).startswith("-.030 ")
    assert to_best_other(gains, places[0]).endswith(" (b)")
    assert to_best_other(gains, places[3]) == "-"


def test_an_entry_is_due_where_a_program_can_compute_it(proposed: Path, clone: Path) -> None:
    assert due(clone / "results", "2026-12-01") is None  # a person has to fetch its images
    facts = json.loads((committed_entry() / "entry.json").read_text(encoding="utf-8"))
    assert facts["record"]["board"]["source"] == "nickparvar"
