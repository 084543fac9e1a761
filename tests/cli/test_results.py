"""Commands on runs, entries and boards: all are found alike, several get a line each, and the exit code says what holds."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import qaugbench
from qaugbench.board.changed import SEAL_FILE, seal_text
from qaugbench.board.entry import submit
from qaugbench.board.reader import record_of
from qaugbench.cli import main
from qaugbench.errors import EntryError
from qaugbench.report.result import Result
from tests.board.factory import appraisal, write_run
from tests.board.tampering import change_record

pytestmark = pytest.mark.usefixtures("undrawn")


@dataclass(frozen=True)
class Said:
    """What a command ended with and printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Caller:
    """Calls the command line as a shell does, in the present folder."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Said:
        self.monkeypatch.setattr("sys.argv", ["qaugbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        said = self.capsys.readouterr()
        return Said(int(stop.value.code or 0), said.out, said.err)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Caller:
    monkeypatch.setenv("COLUMNS", "80")
    return Caller(monkeypatch, capsys)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the runs one and two, and a board with the entry of each; not to be changed."""
    root = tmp_path_factory.mktemp("made")
    for seed, name in enumerate(("one", "two")):
        hashed = {"config_sha256": str(seed + 1) * 64}
        write_run(root / "runs" / name, id=name, replicates=3, seed=seed, real_seed=0, phantom=False, **hashed)
        submit(root / "runs" / name, root / "results")
    return root


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it, the present folder, that a test may change."""
    folder = Path(shutil.copytree(made, tmp_path / "here"))
    monkeypatch.chdir(folder)
    return folder


BOARD = Path("results/brainmri@1/nickparvar-lite")
ONE, TWO = (f"brainmri-nickparvar-lite-ddpm+qldm-{digit * 8}" for digit in "12")
"""The ids of the two entries."""
PLACES = ["one", "runs/one", BOARD / "entries" / ONE]


@pytest.mark.parametrize("place", PLACES)
def test_a_run_is_shown_by_name_and_folder_and_an_entry_by_its_folder(place: object, here: Path, call: Caller) -> None:
    said = call("show", place)
    assert said.code == 0
    assert said.out.startswith("brainmri@1/nickparvar/lite: Brain tumour MRI\n")
    assert max(map(len, said.out.splitlines())) <= 80


@pytest.mark.parametrize("places", [["one", "two"], [BOARD], ["results"], ["results/brainmri@1"]])
def test_of_several_each_has_a_line(places: list[object], here: Path, call: Caller) -> None:
    said = call("show", *places)
    assert said.code == 0
    assert [line.split()[1] for line in said.out.splitlines() if line.startswith("* ")] == (
        ["one", "two"] if places[0] == "one" else [ONE, TWO]
    )
    contrasts = record_of(here / "runs" / "one").scores.fractions["10%"].endpoints["macro_auroc"].verdicts
    assert f"qldm {contrasts['qldm'].words}".split()[-1] in said.out


@pytest.mark.parametrize("command", ["verify", "rescore", "report"])
def test_a_board_stands_for_its_entries(command: str, here: Path, call: Caller) -> None:
    said = call(command, BOARD, "--json")
    shape = json.loads(said.out)
    assert (said.code, shape["command"], shape["ok"]) == (0, command, True)
    assert [one["path"] for one in shape["results"]] == [str(BOARD / "entries" / name) for name in (ONE, TWO)]


def better_mean(record: dict[str, Any]) -> None:
    record["scores"]["fractions"]["10%"]["endpoints"]["macro_auroc"]["arms"]["qldm"]["mean"] += 0.05


def test_scores_are_written_only_if_that_is_asked_for(here: Path, call: Caller) -> None:
    entry = BOARD / "entries" / ONE
    assert call("rescore", entry).out.endswith(f"{entry} holds these scores.\n")
    change_record(entry, better_mean)
    before = {path.name: path.read_bytes() for path in entry.iterdir()}
    said = call("rescore", entry)
    assert said.out.endswith(f"{entry} holds others; --write replaces them.\n")
    assert {path.name: path.read_bytes() for path in entry.iterdir()} == before
    assert call("verify", entry).code == 1
    assert json.loads(call("rescore", "--write", entry, "--json").out)["results"][0]["differs"]
    assert call("verify", entry).code == 0


def test_the_page_of_an_entry_is_not_written_into_it(here: Path, call: Caller) -> None:
    entry = BOARD / "entries" / ONE
    before = sorted(entry.iterdir())
    assert call("report", entry).out == f"Report: {ONE}.html\n"
    assert sorted(entry.iterdir()) == before
    assert call("report", entry, "one", "--out", "pages").code == 0
    assert Path("pages/one.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert call("verify", entry).code == 0


@pytest.mark.parametrize("command", ["verify", "show", "report", "rescore"])
def test_what_does_not_hold_is_named_and_the_others_are_looked_at(command: str, here: Path, call: Caller) -> None:
    (here / "runs" / "one" / "record.json").write_text("{", encoding="utf-8")
    said = call(command, "one", "two")
    assert said.code == 1
    assert said.err.startswith("error: runs/one/record.json is not usable JSON")
    assert len(said.err.splitlines()) == 1
    assert "two" in said.out
    shape = json.loads(call(command, "one", "two", "--json").out)
    assert shape["ok"] is False


def test_a_changed_number_does_not_hold(here: Path, call: Caller) -> None:
    change_record(
        here / "runs" / "one", lambda record: record["data"].update(n_groups={"train": 1, "test": 2, "val": 3})
    )
    said = call("verify", "one", "two")
    assert said.code == 1
    assert said.out.splitlines()[0] == "runs/one: does not hold."
    assert said.out.splitlines()[1].startswith("runs/two: holds. ")
    assert said.out.splitlines()[-1] == "1 of 2 hold."


def _raise_a_mean(record: dict[str, Any]) -> None:
    record["scores"]["fractions"]["10%"]["endpoints"]["macro_auroc"]["arms"]["qldm"]["mean"] += 0.05


@pytest.mark.parametrize(
    ("command", "sealed"),
    [
        ("show", False),
        ("show", True),
        pytest.param("report", True, marks=pytest.mark.slow),
        pytest.param("report", False, marks=pytest.mark.slow),
    ],
)
def test_a_changed_record_is_warned_of(command: str, sealed: bool, here: Path, call: Caller) -> None:
    run = here / "runs" / "one"
    if sealed:
        run.joinpath(SEAL_FILE).write_text(
            seal_text((run / "record.json").read_text(encoding="utf-8")), encoding="utf-8"
        )
    before = call(command, "one")
    assert (before.code, before.err) == (0, "")
    change_record(run, (lambda record: record.update(title="Another title")) if sealed else _raise_a_mean)
    said = call(command, "one", "two")
    words = "this record was changed after it was written: `qaugbench verify runs/one` says where."
    assert (said.code, said.err) == (1, f"warning: runs/one: {words}\n")
    assert "two" in said.out
    assert call("verify", "one").code == 1
    if command == "report":
        page = (run / "report.html").read_text(encoding="utf-8")
        assert "CHANGED RECORD: this record was changed after it was written: <code>qaugbench verify one</code>" in page
    assert call("rescore", "one").code == 1
    assert call("rescore", "--write", "one").code == 1  # it says so, and seals what it wrote
    assert call("verify", "one").code == call(command, "one").code == 0


def test_an_entry_that_is_not_that_of_its_manifest_is_warned_of(here: Path, call: Caller) -> None:
    entry = BOARD / "entries" / ONE
    text = (entry / "entry.json").read_text(encoding="utf-8")
    (entry / "entry.json").write_text(text.replace("Brain tumour MRI", "Brain tumours"), encoding="utf-8")
    said = call("show", entry, "--json")
    assert said.code == 1
    assert json.loads(said.out)["ok"] is False
    assert said.err.startswith(f"warning: {entry}: this record was changed after it was written")


@pytest.mark.parametrize("command", ["verify", "show", "report", "rescore", "power", "submit"])
@pytest.mark.parametrize(
    ("given", "words"),
    [("too", "Did you mean 'two'"), ("runs", "is neither a run, an entry nor a board"), ("begun", "is not finished")],
)
def test_wrong_use_is_another_code(command: str, given: str, words: str, here: Path, call: Caller) -> None:
    (here / "begun").mkdir()
    (here / "begun" / "log.txt").touch()
    said = call(command, given)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert words in said.err


def test_scores_as_csv_are_those_of_the_record(here: Path, call: Caller) -> None:
    rows = list(csv.DictReader(io.StringIO(call("show", "one", "two", "--format", "csv").out)))
    scored = record_of(here / "runs" / "one").scores.fractions["10%"].endpoints["macro_auroc"]
    found = {row["arm"]: row for row in rows if row["id"] == "one" and row["decides"] == "True"}
    assert {arm: float(row["mean"]) for arm, row in found.items()} == {
        arm: pytest.approx(value.mean) for arm, value in scored.arms.items()
    }
    (contrast,) = [one for one in scored.contrasts if (one.arm, one.family) == ("qldm", "reference")]
    qldm = found["qldm"]
    numbers = [float(qldm[name]) for name in ("difference", "ci_low", "ci_high")]
    assert numbers == pytest.approx([contrast.estimate, contrast.ci_low, contrast.ci_high])
    assert qldm["reference"] == contrast.against
    assert sum(row["decides"] == "True" for row in rows) == 2 * len(scored.arms)


@pytest.mark.parametrize(("form", "words"), [("markdown", "## Brain tumour MRI"), ("latex", "% Needs ")])
def test_other_formats(form: str, words: str, here: Path, call: Caller) -> None:
    assert call("show", BOARD, "--format", form).out.count(words) == 2


def test_json_is_a_format_too(here: Path, call: Caller) -> None:
    assert call("show", "one", "--format", "json").out == call("show", "one", "--json").out
    (record,) = json.loads(call("show", "one", "--json").out)["results"]
    assert record == json.loads((here / "runs" / "one" / "record.json").read_text(encoding="utf-8"))


def test_definitions_and_results_are_not_mixed(here: Path, call: Caller) -> None:
    assert "at a time" in call("show", "one", "qldm").err
    assert call("show", "qldm", "gmm").out.count("Settings on each track") == 2
    assert "is for runs, entries and boards" in call("show", "qldm", "--format", "csv").err


def test_bibtex_is_printed_of_the_software_and_of_results(here: Path, call: Caller) -> None:
    assert call("cite").out.count("@") == 1
    said = call("cite", "one", BOARD)
    assert said.code == 0
    for key in ("@software{qaugbench,", "@misc{one,", f"@misc{{{TWO},", "@misc{data-nickparvar,", "@misc{qldm,"):
        assert said.out.count(key) == 1
    assert "Did you mean 'two'" in call("cite", "too").err


def test_runs_are_listed_from_the_folder_given(here: Path, call: Caller) -> None:
    rows = json.loads(call("list", "runs", "--json").out)["results"]
    assert {row["path"]: row["state"] for row in rows} == {"runs/one": "finished", "runs/two": "finished"}
    assert "There is no run in nowhere" in call("list", "runs", "--out", "nowhere").out


def test_submit_ends_with_what_was_written_what_will_be_asked_and_what_comes_next(here: Path, call: Caller) -> None:
    said = call("submit", "one", "--out", "elsewhere")
    entry = f"elsewhere/brainmri@1/nickparvar-lite/entries/{ONE}"
    assert said.out.startswith(f"Entry: {entry}\n")
    for words in ("- entry.json (", "- predictions.npz (", "- manifest.json (", "[ ] Are there enough replicates?"):
        assert words in said.out
    assert f"  qaugbench verify {entry}\n" in said.out
    assert "Trust: claimed (it does not say which commit made it;" in said.out
    assert "No board lists" not in said.out


def test_outside_a_repository_the_next_command_copies_into_a_clone(here: Path, call: Caller) -> None:
    said = call("submit", "one", "--out", "elsewhere")
    entry = f"elsewhere/brainmri@1/nickparvar-lite/entries/{ONE}"
    target = "CLONE/results/brainmri@1/nickparvar-lite/entries/"
    assert "git add" not in said.out
    assert f"  mkdir -p {target} && cp -r {entry} {target}\n" in said.out


@pytest.mark.parametrize("command", ["show", "verify"])
def test_a_run_is_found_by_a_beginning_that_no_other_has(command: str, here: Path, call: Caller) -> None:
    write_run(here / "runs" / "twofold", id="twofold", replicates=2)
    assert call(command, "on").code == 0
    assert call(command, "two").code == 0


def test_of_a_beginning_that_several_runs_have_show_lists_them_and_others_refuse_it(here: Path, call: Caller) -> None:
    failed = (("qldm", 0), ("qldm", 1))
    write_run(here / "runs" / "twofold", id="twofold", replicates=2, failed=failed)
    said = call("show", "tw")
    assert said.code == 0
    opening, twofold, two = " ".join(said.out.split()).split("runs/two")
    assert opening == "'tw' begins the names of 2 runs, the newest first: RUNS "
    assert twofold.endswith("finished, 2 steps failed; 2026-01-01 00:00 ")
    assert two.endswith("finished; 2026-01-01 00:00")
    refused = call("verify", "tw")
    assert refused.code == 2
    assert "'tw' begins the names of 2 runs: two, twofold. Give more of the name." in refused.err


def test_runs_are_loaded_by_name_as_the_commands_find_them(here: Path) -> None:
    for name in ("one", "on", "runs/one"):
        found = qaugbench.load(name)
        assert isinstance(found, Result)
        assert found.record.id == "one"
    with pytest.raises(EntryError, match="Did you mean 'two'"):
        qaugbench.load("too")


def test_loading_a_changed_record_warns(here: Path) -> None:
    change_record(here / "runs" / "one", _raise_a_mean)
    with pytest.warns(UserWarning, match="this record was changed after it was written"):
        qaugbench.load("one")


def test_the_help_of_show_has_its_options_which_may_come_first(here: Path, call: Caller) -> None:
    said = call("show", "--help").out
    assert "--format [table|csv|markdown|latex|json]" in said
    assert "circuit" in said
    assert call("show", "--format", "csv", "one").out == call("show", "one", "--format", "csv").out


def test_an_unknown_name_is_not_called_a_definition(here: Path, call: Caller) -> None:
    said = call("show", "too", "--format", "csv")
    assert (said.code, said.out) == (2, "")
    assert "There is no task, generator, classifier, run, study, entry or board called 'too'" in said.err
    assert "definition" not in said.err


def test_an_entry_of_a_phantom_is_marked_and_on_no_board(here: Path, call: Caller) -> None:
    write_run(here / "runs" / "drawn", id="drawn", replicates=2)
    said = call("submit", "drawn", "--out", "practice")
    assert said.code == 0
    assert "No board lists this entry: its images are a phantom's" in " ".join(said.out.split())
    assert "git add" not in said.out
    assert "no entry on real data yet" in call("leaderboard", "build", "practice").out


def test_a_forged_card_and_a_forged_appraisal_do_not_hold(here: Path, call: Caller) -> None:
    run = here / "runs" / "one"
    change_record(run, lambda record: record.update(appraisals={"10%": {"qldm": appraisal("memorising").model_dump()}}))
    assert call("report", "one").code == 0
    card = run / "cards" / "qldm.md"
    honest = card.read_text(encoding="utf-8")
    assert call("verify", "one").code == 0
    card.write_text(honest.replace("memorising", "releasable"), encoding="utf-8")
    said = call("verify", "one")
    assert said.code == 1
    assert "cards/qldm.md is not the card of this record" in said.err
    assert call("report", "one").code == call("verify", "one").code == 0
    assert card.read_text(encoding="utf-8") == honest
    change_record(run, lambda record: record["appraisals"]["10%"]["qldm"]["states"].update(copies="releasable"))
    assert "copies is 'releasable', and its measures say 'memorising'" in call("verify", "one").err
