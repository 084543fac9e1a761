"""The commands of docs/clusters.md give the bits of a run with one process: SLURM's jobs are those of submitit on this machine."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from qaugbench.cli import cli, main
from qaugbench.experiment import run
from qaugbench.experiment.run import RunResult, perform
from qaugbench.experiment.slurm_options import OPTIONS, OWN
from tests.experiment.conftest import CopyWithout
from tests.experiment.tiny import tiny_definitions
from tests.project.documents import ROOT, all_blocks

DOCUMENT = Path("docs/clusters.md")
HERE = {"scheduler": ("--host", "127.0.0.1", "--port", "0"), "worker": ("--host", "127.0.0.1")}
"""What keeps Dask's processes to this machine."""


def commands(section: str, *, background: bool) -> list[list[str]]:
    """Return the commands of a section of the document, word by word."""
    lines = (ROOT / DOCUMENT).read_text(encoding="utf-8").splitlines()
    headings = [number for number, line in enumerate(lines, start=1) if line.startswith("## ")]
    first = lines.index(f"## {section}") + 1
    last = min((number for number in headings if number > first), default=len(lines))
    blocks = [block for block in all_blocks(DOCUMENT) if block.language == "sh" and first < block.line < last]
    return [
        shlex.split(block.code.replace("\\\n", "")) for block in blocks if ("background" in block.words) == background
    ]


@contextmanager
def in_background(command: list[str]) -> Iterator[None]:
    """Keep a command of Dask running."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command, *HERE[command[1]], "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def call(monkeypatch: pytest.MonkeyPatch, command: list[str], *more: str) -> int:
    """Return the exit code of a command of qaugbench, on the tiny task."""
    monkeypatch.setattr(run, "perform", lambda request: perform(request, tiny_definitions(request)))
    monkeypatch.setattr("qaugbench.experiment.appraisal_cells.TRUTH_PATIENTS", 4)
    monkeypatch.setattr("qaugbench.experiment.appraisal_cells.TRUTH_STEPS", 2)
    monkeypatch.setattr("sys.argv", [*command, *more])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.fixture
def out(copy_without: CopyWithout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder ``runs`` of the current folder, whose classifiers are still to be trained."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return copy_without("train")


def same_predictions(finished: RunResult, out: Path) -> bool:
    """Return whether the predictions are those of the undisturbed run, bit for bit."""
    mine = (out / finished.folder.name / "predictions.npz").read_bytes()
    return mine == (finished.folder / "predictions.npz").read_bytes()


@pytest.mark.slow  # test_slurm.py has each of its promises
def test_slurm(finished: RunResult, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit")
    (out / finished.folder.name / "predictions.npz").unlink()
    (command,) = commands("SLURM", background=False)
    assert call(monkeypatch, command, "--slurm", "cluster=local") == 0
    assert same_predictions(finished, out)


def test_the_commands_of_dask_are_parsed_and_meet_in_one_file() -> None:
    pytest.importorskip("distributed")
    from distributed.cli import dask_scheduler, dask_worker

    mains = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
    files = []
    for dask, name, *words in commands("Dask", background=True):
        assert dask == "dask"
        context = mains[name].make_context(name, [*words, *HERE[name]])
        files.append(context.params["scheduler_file"])
    (command,) = commands("Dask", background=False)
    assert command[:2] == ["qaugbench", "run"]
    files.append(cli.commands["run"].make_context("run", command[2:]).params["scheduler"])
    assert len(files) == 3
    assert len(set(files)) == 1


@pytest.mark.slow  # test_dask_cluster.py has runs on a cluster, and the test above the words of the document
def test_dask(finished: RunResult, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    (out / finished.folder.name / "predictions.npz").unlink()
    (command,) = commands("Dask", background=False)
    with ExitStack() as running:
        for background in commands("Dask", background=True):
            running.enter_context(in_background(background))
        file = out / "scheduler.json"
        while not file.exists() or not file.read_text(encoding="utf-8").rstrip().endswith("}"):
            time.sleep(0.05)
        assert call(monkeypatch, command) == 0
    assert same_predictions(finished, out)


def test_every_key_of_slurm_is_documented() -> None:
    text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
    assert [key for key in (*OPTIONS, *OWN) if f"`{key}=" not in text] == []
