"""The commands of README and docs, executed in the order in which a reader meets them, in one folder.

The first run is computed, with a few steps of everything; of later ones everything up to the plan. Where ``data get`` would
download, drawn images are found. What takes minutes or another machine is only parsed here; another test runs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from qaugbench import definitions
from qaugbench.cli.root import cli
from qaugbench.datasets import acquire
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.datasets.phantom.source import export_phantom
from qaugbench.datasets.sources import prepared_path, source
from qaugbench.experiment import appraisal_cells
from qaugbench.experiment import run as running
from qaugbench.experiment.prepare import Definitions, look_up, prepare
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.run import RunResult, perform
from tests.experiment.tiny import tiny_definitions
from tests.project.documents import ROOT, commands

WALK = [
    Path("README.md"),
    *(Path("docs") / f"{name}.md" for name in ("data", "extending", "method", "circuits", "tuning", "noise")),
]
COMMANDS = [(document, command) for document in WALK for command in commands(document)]
PARSED_ONLY = {
    ("tune",): "tests/tuning",
    ("noise",): "tests/ablation",
    ("doctor", "generator"): "tests/generators",
    ("doctor", "circuits"): "tests/inspection",
    ("execute",): "tests/circuits/devices",
    ("hardware",): "tests/hardware",
    ("metrics",): "tests/appraisal",
    ("show", "controls", "qldm"): "tests/inspection",
    ("data", "prepare"): "tests/datasets",
}
"""The first words of commands that are only parsed, and where they are executed."""
DRAWN = {"my.zip": (60, 64, 1), "made.zip": (150, 40, 2)}
"""Patients, pixels and seed of the files that the text tells to have; of another seed, no image of one is in the other.

All have the labels of the first seed, so that images are made for every combination of labels that a run draws.
"""
FIRST_RUN = next(command for _, command in COMMANDS if command[1] == "run")


def small_definitions(request: RunRequest) -> Definitions:
    """Return the definitions of a request with few patients and replicates: nothing but the plan is made of them."""
    found = look_up(request)
    track = replace(definitions.track(found.task, request.track), phantom_patients=60, replicates=2, fractions=(0.5,))
    task = replace(found.task, tracks={request.track: track})
    return Definitions(task, found.generators, runnable=lambda labels, fraction, ladder: (fraction, None))


class Reader:
    """Somebody who types the commands one after another in ``folder``, with the files that the text tells to have."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.first: RunResult | None = None
        monkeypatch.chdir(folder)
        monkeypatch.setenv("QAUGBENCH_DATA", str(folder / "data"))
        monkeypatch.setattr(running, "perform", self.perform)
        monkeypatch.setattr(appraisal_cells, "TRUTH_PATIENTS", 4)
        monkeypatch.setattr(appraisal_cells, "TRUTH_STEPS", 2)
        monkeypatch.setattr(acquire, "get", self.download)

    def perform(self, request: RunRequest) -> RunResult:
        """Compute the first run in small; plan every other one."""
        if self.first is None:
            self.first = perform(replace(request, jobs=1, accelerator="cpu"), tiny_definitions(request))
        else:
            prepare(request, small_definitions(request))
        return self.first

    def download(self, name: str, **_: Any) -> Path:
        """Put drawn images where the source would be."""
        task = source(name).tasks[0]
        path = prepared_path(task, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path if path.exists() else export_phantom(task, 40, 48, path)

    def types(self, words: tuple[str, ...]) -> click.testing.Result:
        """Execute one command; its files are made for its task first."""
        if "--task" in words:
            task = words[words.index("--task") + 1]
            for name, (patients, size, seed) in DRAWN.items():
                if any(word.endswith(name) for word in words):
                    (self.folder / name).unlink(missing_ok=True)
                    labelled, drawn = (render_phantom(task, patients, one, size) for one in (1, seed))
                    n = min(len(labelled.rows), len(drawn.images))
                    facts = {"name": "phantom", "task": task, "phantom": True}
                    write_prepared(self.folder / name, drawn.images[:n], labelled.rows[:n], facts)
        if any(words[1 : len(start) + 1] == start for start in PARSED_ONLY):
            self.monkeypatch.setattr(resolved(words), "callback", lambda **_: 0)
        return CliRunner().invoke(cli, words[1:], standalone_mode=False)


def resolved(words: tuple[str, ...]) -> click.Command:
    """Return the command that the words name."""
    command: click.Command = cli
    for word in words[1:]:
        if not isinstance(command, click.Group) or word not in command.commands:
            break
        command = command.commands[word]
    return command


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield Reader(tmp_path_factory.mktemp("reader"), monkeypatch)


def test_every_command_of_the_documents_works_in_the_order_of_reading(reader: Reader) -> None:
    for document, words in COMMANDS:
        done = reader.types(words)
        assert done.exception is None, f"{document}: {' '.join(words)}: {done.exception}\n{done.output}"
        assert done.return_value in (0, None), f"{document}: {' '.join(words)}\n{done.output}"
    assert reader.first is not None
    assert str(reader.first.report).startswith("runs")
    assert not reader.first.failed


def test_commands_are_found() -> None:
    assert {document.name for document, _ in COMMANDS} >= {"README.md", "data.md", "extending.md", "circuits.md"}
    assert len(COMMANDS) > 15
    assert " ".join(FIRST_RUN) == "qaugbench run --task chestxray --generator qldm --source phantom --track smoke"


@pytest.mark.parametrize("start", PARSED_ONLY, ids=" ".join)
def test_what_is_only_parsed_is_documented(start: tuple[str, ...]) -> None:
    assert any(words[1 : len(start) + 1] == start for _, words in COMMANDS)


def test_the_demo_of_the_makefile_is_the_first_run() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"$(BIN)/{' '.join(FIRST_RUN)}\n" in makefile
