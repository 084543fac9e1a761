"""The command line answers bad input with one message, near names and exit code 2, before anything is computed."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from qaugbench.cli import main
from qaugbench.datasets.phantom.source import export_phantom


def call(*arguments: object, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["qaugbench", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--task", "brianmri", "--generator", "qldm"), "Did you mean 'brainmri'"),
        (("run", "--task", "brainmri", "--generator", "qlmd"), "Did you mean 'qldm'"),
        (("run", "--task", "brainmri", "--source", "phantom", "--generator", "qldm:twim"), "Did you mean 'twin'"),
        (("run", "--task", "brainmri", "--generator", "qldm", "--track", "smok"), "Did you mean 'smoke'"),
        (("run", "--task", "brainmri", "--generator", "qldm", "--trak", "smoke"), "--track"),
        (("run", "--task", "brainmri", "--generator", "qldm", "--fraction", "10"), "must be in (0, 1]"),
        (
            ("run", "--task", "brainmri", "--generator", "qldm", "--fraction", "10%"),
            "'10%' is not a number in (0, 1]: write 0.1.",
        ),
        (("tune", "--task", "brainmri", "--generator", "qldm", "--fraction", "0,25"), "write 0.25."),
        (("run", "--task", "brainmri", "--generator", "qldm", "--fraction", "tenth"), "write 0.1."),
        (("run", "--task", "brainmri", "--generator", "qldm", "--replicates", "0"), "at least 1"),
        (("run", "--task", "brainmri", "--generator", "qldm", "--jobs", "0"), "at least 1"),
        (("run", "--task", "brainmri", "--generator", "qldm", "--backend", "dusk"), "Did you mean 'dask'"),
        (("run", "--task", "brainmri", "--generator", "qldm", "--scheduler", "tcp://x:1"), "belongs to --backend dask"),
        (("run", "--task", "brainmri", "--generator", "qldm", "--slurm", "time=1"), "belongs to --backend slurm"),
        (("run", "--task", "brainmri", "--generator", "qldm", "--slurm", "time"), "'time' is not KEY=VALUE"),
        (("run", "--task", "brainmri", "--generator", "qldm", "--backend", "slurm"), "needs --jobs N"),
        (("run", "--task", "brainmri"), "--generator"),
        (("run", "--task", "brainmri", "--generator", "qldm"), "No images are named"),
        (("estimate", "--task", "brainmri", "--generator", "qldm"), "No images are named"),
        (("tune", "--task", "brainmri", "--generator", "qldm"), "No images are named"),
        (("rnu",), "Did you mean 'run'"),
        (("show", "qldn"), "Did you mean 'qldm'"),
        (("list", "task"), "Did you mean 'tasks'"),
        (("data", "info", "chestmnst"), "Did you mean 'chestmnist'"),
        (("verify", "nowhere"), "nowhere"),
        (("report", "nowhere"), "nowhere"),
    ],
)
def test_wrong_names_and_values(
    arguments: tuple[str, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    extra = ("--out", tmp_path / "runs") if arguments[0] in ("run", "estimate", "tune") else ()
    assert call(*arguments, *extra, monkeypatch=monkeypatch) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "runs" / "store" / "cells" / "train").exists()


@pytest.mark.parametrize(("backend", "package"), [("dask", "distributed"), ("slurm", "submitit")])
def test_a_backend_whose_package_is_missing_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], backend: str, package: str
) -> None:
    monkeypatch.setattr("qaugbench.errors.find_spec", lambda module: None if module == package else find_spec(module))
    arguments = ("run", "--task", "brainmri", "--generator", "qldm", "--out", tmp_path / "runs", "--jobs", 1)
    assert call(*arguments, "--backend", backend, monkeypatch=monkeypatch) == 2
    said = capsys.readouterr().err
    assert said == (
        "Checking the request ...\n"
        f"error: --backend {backend} needs the package {package}, which is not installed: "
        f"pip install 'qaugbench[{backend}]'\n"
    )


def test_bad_zip_is_refused_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = export_phantom("kneeoa", 12, 64, tmp_path / "good.zip"), tmp_path / "bad.zip"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist()[1:]:
            target.writestr(name, source.read(name))
        missing = source.namelist()[0]
    out = tmp_path / "runs"
    assert (
        call("run", "--task", "kneeoa", "--generator", "qldm", "--data", bad, "--out", out, monkeypatch=monkeypatch)
        == 2
    )
    error = capsys.readouterr().err
    assert Path(missing).name in error
    assert str(bad) in error
    assert not (out / "store").exists()


def test_unreadable_image_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export_phantom("kneeoa", 30, 64, tmp_path / "knees")
    broken = sorted((tmp_path / "knees" / "images").iterdir())[3]
    broken.write_bytes(broken.read_bytes()[:40])
    (tmp_path / "knees" / "manifest.json").unlink()
    arguments = ("run", "--task", "kneeoa", "--generator", "qldm", "--track", "smoke", "--data", tmp_path / "knees")
    assert call(*arguments, "--out", tmp_path / "runs", monkeypatch=monkeypatch) == 2
    assert broken.name in capsys.readouterr().err


def test_data_check_says_what_a_run_would_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = export_phantom("fundus", 40, 64, tmp_path / "good.zip")
    assert call("data", "check", good, "--task", "fundus", monkeypatch=monkeypatch) == 0
    said = capsys.readouterr().out
    assert "Own split by group" in said
    assert "Usable" in said
