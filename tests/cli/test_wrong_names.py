"""Names given to 'list' and 'show' that are misspelt or of another kind: what they are, and the command that was meant."""

from __future__ import annotations

import pytest

from qaugbench.cli import main
from qaugbench.datasets.sources import sources


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the one error line of a command that ends with exit code 2 and prints nothing else."""
    monkeypatch.setattr("sys.argv", ["qaugbench", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    assert stopped.value.code == 2
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    return printed.err


@pytest.mark.parametrize(
    ("generators", "answer"),
    [
        (("gmm", "kde"), "One value follows each --generator or --fraction: repeat the option for several."),
        (("gmm,kde",), "Repeat the option for several: --generator gmm --generator kde."),
        (("stylegen",), "Did you mean 'stylegan' or 'style-qgan'? 'qaugbench list generators' lists all."),
        (("gmm,kdf",), "There is no generator 'gmm,kdf'."),
    ],
)
def test_several_generators_are_asked_for_one_by_one(
    generators: tuple[str, ...], answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["qaugbench", "run", "--task", "brainmri", "--generator", *generators])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert answer in capsys.readouterr().err


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("task", "Did you mean 'tasks'? Known"),
        ("devices", "Did you mean 'presets'?"),
        ("datasets", "Did you mean 'sources'?"),
        ("genrators", "Did you mean 'generators'"),
        ("qldm", "'qaugbench show qldm' shows it."),
        ("brainmri", "'qaugbench show brainmri' shows it."),
    ],
)
def test_what_is_no_list_is_answered_with_what_was_meant(
    what: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer in said(monkeypatch, capsys, "list", what)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("qldm:twin", "'qaugbench show controls qldm' compares it with its controls"),
        ("qldm:twim", "The generator 'qldm' has no control or variant 'twim'. Did you mean 'twin'"),
        ("folder:images", "'qaugbench show folder' shows the generator"),
        ("nickparvar", "is a source of images: 'qaugbench data info nickparvar'"),
        ("lite", "'lite' is a track: see 'qaugbench list tracks'"),
        ("twin", "'twin' is a control: see 'qaugbench list generators'"),
        ("ibm_heron_r2", "is a device preset: see 'qaugbench list presets'"),
        ("C-mixup", "'C-mixup' is an arm: see 'qaugbench list arms'"),
        ("generators", "'qaugbench list generators' lists them"),
        ("brianmri", "Did you mean 'brainmri'"),
        ("", "A name is empty"),
    ],
)
def test_what_cannot_be_shown_is_answered_with_what_it_is(
    name: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer in said(monkeypatch, capsys, "show", name)


def test_help_that_is_pointed_at_exists(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(monkeypatch, capsys, "show", "smote", "--format", "csv").endswith("See 'qaugbench show --help'.\n")
    assert said(monkeypatch, capsys, "show", "smote", "--format", "xlsx").endswith("See 'qaugbench show --help'.\n")
    assert "show definition" not in said(monkeypatch, capsys, "show", "smote", "--formt", "csv")


@pytest.mark.parametrize("command", ["circuit", "controls", "resources"])
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("qldn", "There is no generator 'qldn'. Did you mean 'qldm'"),
        ("smote", "The generator 'smote' is classical and runs no circuit"),
        ("qldm:twin", "'qldm:twin' is the generator 'qldm' under a control"),
    ],
)
def test_a_name_without_circuits_is_refused_before_anything_is_built(
    command: str, name: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer in said(monkeypatch, capsys, "show", command, name)


def test_numbers_of_images_are_printed_as_everywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["qaugbench", "list", "sources"])
    with pytest.raises(SystemExit):
        main()
    assert f"  {sources()['chestmnist'].images:,}  " in capsys.readouterr().out


def test_an_unknown_form_is_answered_with_the_near_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = said(monkeypatch, capsys, "show", "results", "--format", "tex")
    assert "'tex' is not one of 'table', 'csv', 'markdown', 'latex', 'json'. Did you mean 'latex'" in answer
    assert "Did you mean" not in said(monkeypatch, capsys, "show", "results", "--format", "xls")


def test_a_run_that_is_asked_for_an_estimate_names_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run", "--task", "brainmri", "--generator", "gmm", "--estimate")
    assert "'qaugbench estimate' takes the same options" in said(monkeypatch, capsys, *words)
