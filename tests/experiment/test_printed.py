"""What a run and an estimate print: numbers and durations in the style of everything else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from qaugbench.definitions import task
from qaugbench.experiment import estimate
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.estimate import Estimate, StageEstimate
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.progress import Lines
from qaugbench.experiment.source import open_source
from qaugbench.formatting import PHANTOM_BANNER
from tests.experiment.tiny import tiny_definitions, tiny_request


def test_an_estimate_prints_durations_as_the_page_does() -> None:
    text = Estimate("", [StageEstimate("fit", 2, 2, 4.5, "timed")], jobs=1, total_s=600.0).text()
    assert "4.5 s" in text
    assert text.endswith("About 10 min with 1 process; 9.0 s summed over steps.")


def test_a_step_prints_its_duration_as_the_page_does() -> None:
    stream = io.StringIO()
    Lines(stream, 1).cell(CellReport(Cell("fit", {}), "ok", "", computed=True, wall_s=600.0))
    assert stream.getvalue().rstrip().endswith(": 10 min")


def test_a_phantom_is_announced_in_the_words_of_every_other_place(tmp_path: Path) -> None:
    fundus = task("fundus")
    options = {"data": None, "split": None, "allow_leaky": False, "phantom_folder": tmp_path}
    track = replace(fundus.tracks["smoke"], phantom_patients=60)
    opened = open_source(fundus, track, source="phantom", **options)
    assert opened.banner.splitlines()[0] == PHANTOM_BANNER
    assert opened.banner.lower().count("phantom") == 1
    assert opened.facts.description.startswith(PHANTOM_BANNER)


def test_an_estimate_times_each_kind_of_step_once_in_as_many_processes_as_will_run(tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []

    def mean(timing: estimate._Timing, cell: Cell) -> float:
        asked.append((cell.stage, len(timing.roots)))
        return 2.0

    @contextmanager
    def working(text: str) -> Iterator[None]:
        told.append(text)
        yield

    request, told = tiny_request(tmp_path, jobs=3), list[str]()
    with mock.patch.object(estimate._Timing, "_mean", mean):
        found = estimate.estimate_run(request, tiny_definitions(request), working=working)
    assert {processes for _, processes in asked} == {3}
    trainings = [stage for stage, _ in asked if stage == "train"]
    assert len(trainings) < len([stage for stage in found.stages if stage.what.startswith("train")])
    assert len(told) == len(asked)
    work = 2.0 * sum(stage.missing for stage in found.stages)
    assert found.total_s == pytest.approx(work / 3 + estimate.STARTING_A_PROCESS_S)
    assert f"{work:.0f} s summed over steps" in found.text()
    assert "3 at once" in found.text()
