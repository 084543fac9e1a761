"""A bug in a generator of one's own: its line and the way to try it, once; a traceback in the log alone."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from qaugbench.cli import main
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.progress import Lines
from qaugbench.generators.shared.author_code import described, place_raised
from qaugbench.record import CellOutcome, cause_of
from qaugbench.report.failures import causes, failed_words
from tests.experiment import tiny
from tests.generators.documented import MEAN_IMAGE, Documented

BUG = MEAN_IMAGE.with_(
    "        weights = labels / labels.sum", "        rate = [][7]\n        weights = rate * labels / labels.sum"
)
BUG_LINE = BUG.source.splitlines().index("        rate = [][7]") + 1


def run_command(
    generator: Documented, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Return exit code, output and errors of the tiny run of one generator by the command line."""
    perform = tiny.perform
    monkeypatch.setattr(
        "qaugbench.experiment.run.perform", lambda request: perform(request, tiny.tiny_definitions(request))
    )
    options = [
        "--task",
        tiny.TASK,
        "--track",
        "smoke",
        "--source",
        "phantom",
        "--jobs",
        "1",
        "--accelerator",
        "cpu",
        "--no-metrics",
    ]
    monkeypatch.setattr(
        "sys.argv", ["qaugbench", "run", "--generator", generator.name, *options, "--out", str(folder / "runs")]
    )
    with generator.registered(folder), pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    return int(stopped.value.code or 0), printed.out, printed.err


def test_the_cause_is_said_last_with_its_line_and_the_way_to_try_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run_command(BUG, tmp_path, monkeypatch, capsys)
    assert code == 1
    *_, failed, mended, cause, remedy, where = out.strip().splitlines()
    assert re.match(r"Failed: 2 steps; \d+ steps that need them not computed\.", failed)
    assert (
        mended
        == "With the code of a generator mended it is another run: it has a folder of its own, and this one stays."
    )
    place = f"(plugged_meanimage.py, line {BUG_LINE}, in draw)"
    assert cause.startswith(
        "- The generator 'meanimage' failed in sample meanimage 50% r0 and 1 more (error): IndexError: "
    )
    assert cause.endswith(place)
    assert remedy.strip() == "Try it in a minute: qaugbench doctor generator meanimage"
    assert out.count(place) == err.count(place) == 1
    assert "Traceback (most recent" not in out + err
    assert "which failed" not in out + err
    log = Path(where.removeprefix("Tracebacks are in "))
    text = log.read_text(encoding="utf-8")
    assert text.count("Traceback") == 1
    assert f'plugged_meanimage.py", line {BUG_LINE}, in draw' in text
    assert "not computed: sample meanimage 50% r0 failed" in text


def boom(path: Path) -> Exception:
    source = "def step():\n    inner()\n\n\ndef inner():\n    raise ValueError('row 3 of 9')\n"
    (path / "boomer.py").write_text(source, encoding="utf-8")
    try:
        exec(compile(source, str(path / "boomer.py"), "exec"), namespace := {})
        namespace["step"]()
    except ValueError as error:
        return error
    raise AssertionError


def test_a_place_is_the_innermost_line_of_the_author_s_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    error = boom(tmp_path)
    assert str(place_raised(error, "boomer")) == "boomer.py, line 6, in inner"
    assert described(error, "boomer") == "ValueError: row 3 of 9 (boomer.py, line 6, in inner)"
    assert place_raised(error, "qaugbench.generators.gmm") is None
    assert place_raised(error, "no_such_module") is None


def test_a_cause_is_one_whatever_numbers_its_message_names() -> None:
    first, second = (f"ValueError: row {row} (a/b.py, line 3, in draw)" for row in (1, 2))
    assert cause_of(first) == cause_of(second) != cause_of("ValueError: row 1 (a/b.py, line 4, in draw)")
    assert cause_of("DivergedError: not finite") == "DivergedError: not finite"


def outcome(stage: str, name: str, reason: str) -> CellOutcome:
    return CellOutcome(stage=stage, name=name, arm="mine", outcome="error", reason=reason)


def test_causes_are_listed_once_and_what_needs_them_is_counted() -> None:
    failures = [
        outcome("fit", "mine r0", "ValueError: row 1 (a.py, line 3, in step)"),
        outcome("fit", "mine r1", "ValueError: row 2 (a.py, line 3, in step)"),
        outcome("sample", "mine r2", "KeyError: 'x' (a.py, line 9, in draw)"),
        outcome("train", "mine r0", "not computed: fit mine r0 failed"),
        outcome("train", "mine r1", "needs sample mine r1, which failed: needs fit mine r1, which failed: ValueError"),
    ]
    assert [one.steps for one in causes(failures)] == ["fit mine r0 and 1 more", "sample mine r2"]
    assert failed_words(failures) == "Failed: 3 steps; 2 steps that need them not computed"


def test_on_a_terminal_a_cause_is_said_once_and_what_needs_it_not_at_all() -> None:
    stream = io.StringIO()
    lines = Lines(stream, 4)
    reason = "ValueError: row {} (a.py, line 3, in step)"
    for number in (1, 2):
        report = CellReport(
            Cell("fit", {}), "error", reason.format(number), computed=True, wall_s=0.0, detail="Traceback"
        )
        lines.cell(report)
    lines.cell(CellReport(Cell("train", {}), "error", "not computed", computed=False, wall_s=0.0, blocked_by="fit"))
    printed = stream.getvalue()
    assert printed.count("(a.py, line 3, in step)") == 1
    assert "ERROR: for the same reason" in printed
    assert "Traceback" not in printed
    assert "train" not in printed
