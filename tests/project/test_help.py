"""The first screen of the command line: every command, by subject, each in one line that is not cut."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from qaugbench.cli import cli, main
from qaugbench.cli.output import terminal_width
from qaugbench.cli.root import SECTIONS


def _help(*command: str) -> str:
    return CliRunner().invoke(cli, [*command, "--help"], terminal_width=80).output


def test_every_command_is_in_one_section() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(cli.commands)


def test_sections_come_in_the_order_of_use() -> None:
    text = _help()
    places = [text.index(f"\n{title}:\n") for title in SECTIONS]
    assert places == sorted(places)


@pytest.mark.parametrize("command", [(), ("data",), ("show",), ("doctor",), ("leaderboard",)])
def test_no_help_is_cut(command: tuple[str, ...]) -> None:
    assert "..." not in _help(*command).replace("[ARGS]...", "").replace("[OPTIONS]...", "")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_generator_is_shown_within_the_width_and_names_the_next_commands(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = CliRunner().invoke(cli, ["show", "qldm"]).output
    assert "Deviations from the paper\n- " in text
    assert ".," not in text
    above, _, commands = text.partition("\nNext\n")
    assert max(map(len, above.splitlines())) <= width
    assert "_" not in above
    assert "  qaugbench show circuit qldm\n" in commands
    assert "  qaugbench doctor generator qldm\n" in commands


def test_a_generator_is_shown_with_what_tune_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    lines = CliRunner().invoke(cli, ["show", "qldm"]).output.splitlines()
    start = lines.index("Settings that 'qaugbench tune' searches: 2 continuous settings, 3 combinations of the others")
    assert [line.split("  ")[0] for line in lines[start + 3 : start + 6]] == [
        "decay of the weight average",
        "learning rate",
        "weight decay",
    ]
    assert "one of 0.98, 0.99, 0.995" in lines[start + 3]
    assert "0.0005 to 0.02 (log)" in lines[start + 4]
    nothing = "'qaugbench tune' searches nothing: the file has no table [tune]."
    assert nothing in CliRunner().invoke(cli, ["show", "finetune"]).output
    assert "tune" not in CliRunner().invoke(cli, ["show", "folder"]).output


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("what", ["tasks", "generators", "arms", "sources", "tracks", "presets"])
def test_lists_keep_to_the_width(what: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    done = CliRunner().invoke(cli, ["list", what])
    assert done.exit_code == 0
    assert "…" not in done.output
    assert max(map(len, done.output.splitlines())) <= width


@pytest.mark.parametrize(("columns", "expected"), [("20", 60), ("60", 60), ("97", 97), ("400", 120)])
def test_the_width_is_the_terminals_within_limits(columns: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width() == expected


def test_the_version_has_a_short_form() -> None:
    assert CliRunner().invoke(cli, ["-V"]).output == CliRunner().invoke(cli, ["--version"]).output != ""


@pytest.mark.parametrize("words", [[], ["run"], ["show"], ["show", "circuit"], ["data", "get"]])
def test_help_is_a_command_too(words: list[str]) -> None:
    asked = CliRunner().invoke(cli, ["help", *words])
    assert asked.exit_code == 0
    assert asked.output == CliRunner().invoke(cli, [*words, "--help"]).output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "error: Missing option '--task'. See 'qaugbench run --help'.\n"),
        (["verify"], "error: Missing argument 'RESULT...'. See 'qaugbench verify --help'.\n"),
        (
            ["run", "--tsk", "x"],
            "error: There is no option '--tsk'. Did you mean '--task'",
        ),
        (
            ["show", "qldn"],
            "error: There is no task, generator, classifier, run, study, entry or board called 'qldn'. Did you mean 'qldm'",
        ),
        (["help", "rnu"], "error: There is no command 'rnu'. Did you mean 'run'?"),
        (["help", "run", "x"], "error: 'qaugbench run' has no commands of its own."),
    ],
)
def test_every_error_has_one_style(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["qaugbench", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith(said)


def test_a_group_without_a_command_shows_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["qaugbench", "data"])
    with pytest.raises(SystemExit) as stop:
        main()
    said = capsys.readouterr()
    assert stop.value.code in (0, 2)  # click's versions differ
    assert (said.out + said.err).startswith("Usage: qaugbench data ")


def test_a_task_is_shown_in_words() -> None:
    text = CliRunner().invoke(cli, ["show", "brainmri"]).output
    assert text.startswith("brainmri@2: Brain tumour MRI\n")
    assert "a difference of .010 matters" in text
    assert "Settings of optional arms\n- mixup: alpha 0.4, probability 1\n" in text
    assert "recipe B mobilevit_xxs" in " ".join(text.split())
