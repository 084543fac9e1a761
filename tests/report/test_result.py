"""Runs, entries and boards from Python: what they say of themselves, their data frames, and their figures."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import qaugbench
from qaugbench.errors import DefinitionError, EntryError
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.run import RunResult
from qaugbench.formatting import PHANTOM_BANNER
from qaugbench.report.boards import Boards
from qaugbench.report.drawing import svg
from qaugbench.report.result import Result
from tests.board.factory import write_run
from tests.cli.committed import copied_entry

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("result")
    write_run(folder, replicates=4, arms=("R", "R+", "R+cm", "ddpm", "qldm", "qldm:twin"))
    found = qaugbench.load(folder)
    assert isinstance(found, Result)
    return found


def test_every_option_of_a_run_is_named_in_the_signature_with_its_default() -> None:
    named = {name: one for name, one in inspect.signature(qaugbench.run).parameters.items() if name != "unknown"}
    fields = RunRequest.__dataclass_fields__
    assert list(named) == list(fields)
    for name in ("track", "jobs", "backend", "plateau_check", "arms", "ratio", "recipe", "accelerator", "quiet"):
        assert named[name].default == fields[name].default


def test_an_unknown_option_is_answered_with_near_ones() -> None:
    with pytest.raises(DefinitionError, match=r"run\(\) has no option 'replicate'.*replicates"):
        qaugbench.run("brainmri", replicate=2)


def test_the_public_names_are_listed_without_being_imported() -> None:
    code = "import sys, qaugbench; assert {'run', 'load'} <= set(dir(qaugbench)); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "False"


def test_a_result_says_what_it_is_in_one_line(run: Result) -> None:
    assert repr(run) == (
        f"<Result brainmri@1/phantom/lite: qldm no verdict at 10 %, ddpm no verdict at 10 %; 4 replicates; {run.folder}>"
    )
    finished = RunResult(record=run.record, folder=run.folder, report=run.folder / "report.html")
    assert repr(finished).startswith("<RunResult brainmri@1/phantom/lite: ")
    assert not finished.failed


def test_a_notebook_shows_the_banner_both_answers_the_picture_and_the_table(run: Result) -> None:
    page = run._repr_html_()
    for words in (
        "PHANTOM DATA",
        "<em>Does it help?</em> qldm: ",
        "<em>Is it the quantum part?</em> qldm: ",
        "<img src=",
        "<td>ddpm</td>",
    ):
        assert words in page
    assert "<script" not in page


def test_a_frame_has_one_row_per_fraction_metric_and_arm_with_the_records_numbers(run: Result) -> None:
    frame = run.to_frame()
    assert not frame.duplicated(["fraction", "metric", "arm"]).any()
    own = frame[(frame.metric == "macro_auroc") & frame.decides].set_index("arm")
    assert list(own.index) == [arm.id for arm in run.record.arms]
    scored = run.record.scores.fractions["10%"].endpoints["macro_auroc"]
    against = next(one for one in scored.contrasts if (one.arm, one.family) == ("ddpm", "reference"))
    assert own.loc["ddpm", "mean"] == scored.arms["ddpm"].mean
    assert tuple(own.loc["ddpm", ["difference", "ci_low", "ci_high", "p_value"]]) == (
        against.estimate,
        against.ci_low,
        against.ci_high,
        against.p_value,
    )
    pair = next(one for one in scored.contrasts if (one.against, one.family) == ("qldm:twin", "control"))
    assert own.loc["qldm:twin", "generator_minus_control"] == pair.estimate
    assert own.loc["qldm:twin", "generator_minus_control_low"] == pair.ci_low
    best = next(one for one in scored.contrasts if (one.arm, one.family) == ("qldm", "best-classical"))
    assert own.loc["qldm", "from_best_classical"] == best.estimate
    assert {"brier", "ensemble"} <= set(frame.metric)
    assert own.loc[own.reference.iloc[0], "difference"] != own.loc[own.reference.iloc[0], "difference"]  # missing


def test_figures_are_figures_and_unknown_fractions_are_named(run: Result) -> None:
    for figure in (
        run.plot_answer(),
        run.plot_arms("10%"),
        run.plot_classes(narrow=True),
        run.plot_training("train_loss"),
        run.plot_reliability(),
    ):
        assert isinstance(figure, Figure)
        assert " ".join(figure.get_supxlabel().split()) == PHANTOM_BANNER
    with pytest.raises(DefinitionError, match=r"no fraction '10 %'.*10%"):
        run.plot_answer("10 %")
    with pytest.raises(DefinitionError, match=r"no fraction 0\.2.*10%"):
        run.plot_classes(0.2)


def test_a_fraction_may_be_given_as_a_number(run: Result) -> None:
    assert svg(run.plot_answer(0.1)) == svg(run.plot_answer("10%"))


@pytest.mark.parametrize("narrow", [False, True])
def test_the_mark_of_phantoms_stands_within_the_figure_below_its_axes(run: Result, narrow: bool) -> None:
    figure = run.plot_answer(narrow=narrow)
    figure.draw_without_rendering()
    (words,) = [text for text in figure.texts if PHANTOM_BANNER.split()[0] in text.get_text()]
    place, axis = words.get_window_extent(), figure.axes[0].get_tightbbox()
    assert figure.bbox.x0 <= place.x0 < place.x1 <= figure.bbox.x1
    assert figure.bbox.y0 <= place.y0 < place.y1 <= axis.y0


def test_controls_are_named_under_their_generator_in_the_picture_of_the_answers(run: Result) -> None:
    axis = run.plot_answer().axes[0]
    assert "twin" in [label.get_text() for label in axis.get_yticklabels()]
    assert any(text.get_text().endswith("qldm minus its controls") for text in axis.texts)


def test_figures_of_real_images_have_no_mark(tmp_path: Path) -> None:
    write_run(tmp_path, replicates=2, phantom=False, arms=("R", "R+", "R+cm", "ddpm"))
    assert not qaugbench.load(tmp_path).plot_answer().get_supxlabel()


def test_an_entry_and_the_boards_above_it_are_loaded_too(tmp_path: Path) -> None:
    entry, boards = qaugbench.load(copied_entry(tmp_path)), qaugbench.load(tmp_path)
    assert isinstance(entry, Result)
    assert isinstance(boards, Boards)
    assert [one.record for one in boards.entries] == [entry.record]
    assert repr(boards) == f"<Boards: 1 entry on 1 board; {tmp_path}>"
    frame = boards.to_frame()
    assert list(frame.method) == ["qldm", "qldm:twin", "qldm:no-entanglement", "qldm:frozen", "ddpm"]
    assert frame.control_of.tolist()[1] == "qldm"
    assert (frame.rank_low[0], frame.rank_high[0]) == (1, 2)
    assert entry.record.replicates == 5
    assert frame.provisional.all()
    assert entry.to_frame().provisional.all()
    assert "provisional" in boards._repr_html_()


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_what_is_no_result_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EntryError, match=name):
        qaugbench.load(tmp_path / name)
