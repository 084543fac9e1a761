"""What a run and an estimate print: numbers and durations in the style of everything else."""

from __future__ import annotations

import io
from pathlib import Path

from qaugbench.definitions import task
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.estimate import Estimate, StageEstimate
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.progress import Lines
from qaugbench.experiment.source import open_source
from qaugbench.formatting import PHANTOM_BANNER


def test_an_estimate_prints_durations_as_the_page_does() -> None:
    text = Estimate("", [StageEstimate("fit", 2, 2, 4.5, "timed")], jobs=1, total_s=600.0).text()
    assert "4.5 s" in text
    assert text.endswith("About 10 min with 1 process.")


def test_a_step_prints_its_duration_as_the_page_does() -> None:
    stream = io.StringIO()
    Lines(stream, 1).cell(CellReport(Cell("fit", {}), "ok", "", computed=True, wall_s=600.0))
    assert stream.getvalue().rstrip().endswith(": 10 min")


def test_a_phantom_is_announced_in_the_words_of_every_other_place(tmp_path: Path) -> None:
    fundus = task("fundus")
    options = {"data": None, "split": None, "allow_leaky": False, "phantom_folder": tmp_path}
    opened = open_source(fundus, fundus.tracks["smoke"], source="phantom", **options)
    assert opened.banner.splitlines()[0] == PHANTOM_BANNER
    assert opened.banner.lower().count("phantom") == 1
    assert opened.facts.description.startswith(PHANTOM_BANNER)
