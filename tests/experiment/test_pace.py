"""The time left, worked out by hand, and what a run says before its first step."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from qaugbench.experiment import under_way
from qaugbench.experiment.cells import Cell, Place
from qaugbench.experiment.execute import CellReport
from qaugbench.experiment.pace import Pace, TimeLeft, amount
from qaugbench.experiment.progress import Lines
from qaugbench.experiment.steps import cost_line, plan_lines
from qaugbench.experiment.store import Store


def training(replicate: int, arm: str = "R+", steps: int = 100) -> Cell:
    key = {"recipe": {"steps": steps}, "fill": arm, "seeds": {"one": replicate}}
    return Cell("train", key, place=Place(arm, "10%", replicate))


def fitting(replicate: int, generator: str = "gmm", steps: int = 10) -> Cell:
    key = {"training": {"steps": steps}, "generator": generator, "seeds": {"one": replicate}}
    return Cell("fit", key, place=Place(generator, "10%", replicate))


def of_size(size: int) -> Cell:
    """Return a training of 100 steps on images of a size."""
    prepared = Cell("prepare", {"size": size, "channels": 1})
    return Cell("train", {"recipe": {"steps": 100}}, {"prepare": prepared})


def done(cell: Cell, wall_s: float, outcome: str = "ok") -> CellReport:
    return CellReport(cell, outcome, "", computed=True, wall_s=wall_s)  # type: ignore[arg-type]


def stored(store: Store, cell: Cell, wall_s: float) -> None:
    store.write(cell.stage, cell.name, {}, {"wall_s": wall_s})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_nothing_is_known_before_the_first_step(store: Store) -> None:
    left = Pace([fitting(0), training(0)], store, jobs=2).left()
    assert left == TimeLeft(0.0, 0.0, ("fit gmm", "train"), 2)
    assert str(left) == "time left unknown: 2 steps not measured yet (fit gmm and train)"
    assert left.brief == "2 unmeasured steps left"


def test_steps_are_expected_to_take_what_their_like_took(store: Store) -> None:
    pace = Pace([*map(training, range(4)), fitting(0)], store, jobs=2)
    pace.cell(done(training(0), 10.0))
    left = pace.left()
    assert left == TimeLeft(work_s=30.0, wall_s=15.0, unknown=("fit gmm",), unmeasured=1)
    assert str(left) == "about 15 s left, and 1 step not measured yet (fit gmm)"
    assert left.brief == "15 s and 1 unmeasured step left"
    pace.cell(done(fitting(0), 4.0))
    assert str(pace.left()) == "about 15 s left"


def test_another_arm_takes_what_its_stage_took_for_as_many_steps(store: Store) -> None:
    longer = training(0, "R", steps=200)
    pace = Pace([training(0), longer], store, jobs=1)
    pace.cell(done(training(0), 10.0))
    assert pace.left() == TimeLeft(20.0, 20.0)


def test_a_generator_that_trains_is_not_expected_to_take_what_another_took_that_does_not(store: Store) -> None:
    """A second for a fit without training is no second for each of 500 steps: a plan of 33 s once said 14 min."""
    stored(store, fitting(0, "smote", steps=0), 0.8)
    stored(store, training(0), 15.0)
    cells = [fitting(0, "smote", steps=0), training(0), *(fitting(n, "qnet", steps=500) for n in range(2)), training(1)]
    left = Pace(cells, store, jobs=1).left()
    assert left == TimeLeft(15.0, 15.0, unknown=("fit qnet",), unmeasured=2)


def test_a_longer_fit_of_the_same_generator_takes_as_long_per_step(store: Store) -> None:
    pace = Pace([fitting(0), fitting(1, steps=20)], store, jobs=1)
    pace.cell(done(fitting(0), 3.0))
    assert pace.left() == TimeLeft(6.0, 6.0)


def test_a_training_on_larger_images_tells_nothing_of_one_on_smaller(store: Store) -> None:
    pace = Pace([of_size(64), of_size(32)], store, jobs=1)
    pace.cell(done(of_size(64), 40.0))
    assert pace.left() == TimeLeft(0.0, 0.0, ("train",), 1)


def test_many_kinds_that_were_not_measured_are_counted() -> None:
    assert str(TimeLeft(10.0, 10.0, ("fit a", "fit b", "judge", "train"), 9)) == (
        "about 10 s left, and 9 steps not measured yet (fit a, fit b and 2 other kinds)"
    )
    assert str(TimeLeft(10.0, 10.0, ("fit a", "fit b", "judge"), 3)).endswith("(fit a, fit b and 1 other kind)")


def test_a_resumed_run_says_at_every_step_what_is_known_and_what_is_not(store: Store) -> None:
    """Cheap steps that were measured must not stand for the long ones that were not, nor may these keep it from being said."""
    stored(store, training(0), 17.0)
    cells = [training(0), training(1), *(fitting(n, "slow") for n in range(3))]
    stream, pace = io.StringIO(), Pace(cells, store, jobs=1)
    lines = Lines(stream, len(cells), pace)
    lines.still([cells[2]])
    for cell, wall_s in ((cells[2], 200.0), (cells[1], 17.0), (cells[3], 300.0), (cells[4], 250.0)):
        pace.cell(done(cell, wall_s))
        lines.cell(done(cell, wall_s))
    assert [line.rpartition("; ")[2] for line in stream.getvalue().splitlines()] == [
        "about 17 s left, and 3 steps not measured yet (fit slow)",
        "about 7 min left",
        "about 7 min left",
        "about 4 min left",
        "00:00:00 [4/5] fit slow 10% r2: 4 min",
    ]


def test_a_fit_that_says_how_far_it_is_tells_the_time_left_of_all_like_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 2.0, 30.0, 35.0])
    monkeypatch.setattr(under_way.time, "monotonic", lambda: next(clock))
    cells = [fitting(0, "slow", steps=100), fitting(1, "slow", steps=100)]
    tell = under_way.UnderWay(store.unfinished(cells[0].stage, cells[0].name))
    for step in (11, 25, 26):  # noted at step 25: 14 steps in 28 s, after ten of an earlier attempt
        tell(step, 100, 0.5)
    stream, pace = io.StringIO(), Pace(cells, store, jobs=1)
    pace.still([cells[0]])
    Lines(stream, len(cells), pace).still([cells[0]])
    assert stream.getvalue() == ("00:00:00 [0/2] still computing fit slow 10% r0 (25 of 100); about 6 min left\n")
    assert pace.left(since_s=40.0) == TimeLeft(350.0, 350.0)


def test_a_note_that_cannot_be_read_tells_nothing(store: Store) -> None:
    folder = store.unfinished("fit", "damaged")
    folder.mkdir(parents=True)
    (folder / under_way.NOTE).write_text('{"done": 3')
    assert under_way.how_far(folder) is None


def test_the_time_left_grows_shorter_while_a_step_is_computed_and_is_never_below_zero(store: Store) -> None:
    stored(store, training(0), 600.0)
    pace = Pace([training(0), training(1)], store, jobs=1)
    assert str(pace.left(since_s=240.0)) == "about 6 min left"
    assert str(pace.left(since_s=700.0)) == "this takes longer than steps like it took"
    assert pace.left(since_s=700.0).wall_s == 0.0


def test_no_run_ends_before_its_longest_step(store: Store) -> None:
    pace = Pace([training(0), training(1)], store, jobs=8)
    pace.cell(done(training(0), 10.0))
    assert pace.left() == TimeLeft(10.0, 10.0)


def test_what_this_run_measures_corrects_what_earlier_ones_took(store: Store) -> None:
    cells = [training(replicate) for replicate in range(3)]
    stored(store, cells[0], 10.0)
    pace = Pace(cells, store, jobs=1)
    assert pace.left() == TimeLeft(20.0, 20.0)
    pace.cell(done(cells[1], 40.0))
    assert pace.left() == TimeLeft(40.0, 40.0)
    pace.cell(done(cells[2], 1.0))
    assert pace.left() == TimeLeft(0.0, 0.0)


def test_a_failed_step_is_no_measure_and_no_longer_waited_for(store: Store) -> None:
    pace = Pace([training(0), training(1)], store, jobs=1)
    pace.cell(done(training(0), 0.1, "error"))
    assert pace.left() == TimeLeft(0.0, 0.0, ("train",), 1)


def test_a_damaged_step_is_waited_for(store: Store) -> None:
    store.folder("train", training(0).name).mkdir(parents=True)
    assert training(0).name in Pace([training(0)], store, jobs=1).waiting


def test_steps_without_training_count_once() -> None:
    assert (amount(training(0)), amount(fitting(0)), amount(Cell("sample", {}))) == (100, 10, 1)


def test_the_plan_counts_each_stage_and_all(store: Store) -> None:
    cells = [Cell("prepare", {}), *map(training, range(3)), fitting(0)]
    stored(store, cells[1], 1.0)
    header, *rows = plan_lines(cells, store)
    assert header.split() == ["Plan", "steps", "cached", "to", "do"]
    assert [row.split(":")[0].split()[0] for row in rows] == ["fit", "train", "all"]
    assert [row.split()[-3:] for row in rows] == [["1", "0", "1"], ["3", "1", "2"], ["4", "1", "3"]]


def test_the_log_counts_to_the_same_total_and_says_what_is_left(store: Store) -> None:
    stream, pace = io.StringIO(), Pace([training(0), training(1)], store, jobs=1)
    lines = Lines(stream, 2, pace)
    for cell in (training(0), training(1)):
        pace.cell(done(cell, 600.0))
        lines.cell(done(cell, 600.0))
    first, second = stream.getvalue().splitlines()
    assert first.endswith("[1/2] train R+ 10% r0: 10 min; about 10 min left")
    assert second.endswith("[2/2] train R+ 10% r1: 10 min")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (TimeLeft(0.0, 0.0, ("train",)), "The time left is printed as steps are measured"),
        (TimeLeft(0.0, 0.0), "Nothing is left to compute."),
        (TimeLeft(1200.0, 600.0), "About 10 min with 2 processes, 20 min summed over steps"),
        (
            TimeLeft(1200.0, 600.0, ("fit gmm", "judge")),
            "At least 10 min with 2 processes, 20 min summed over steps, by finished ones; not measured yet: fit gmm, judge.",
        ),
    ],
)
def test_the_cost_is_said_as_far_as_it_is_known(left: TimeLeft, words: str) -> None:
    assert words in cost_line(left, 2)
