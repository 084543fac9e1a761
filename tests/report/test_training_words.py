"""The words converged, undertrained and unstable at the curves of fits, and how near samples were on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from qaugbench.image_facts import Appraisal, Measure
from qaugbench.record import Record
from qaugbench.report.curves import CurveFile
from qaugbench.report.html import FIT_WORDS, render
from qaugbench.report.plots import milestones_figure, training_figure
from qaugbench.report.record_views import training_words
from tests.board.factory import curves_for, predictions_for, record_for

KEY = "10%"
ARMS = ("R+", "R+cm", "R+os", "O-real", "qldm", "qldm:twin", "ddpm")
DISTANCES = {"qldm": (0.9, 0.5, 0.3), "qldm:twin": (0.8, 0.4, 0.4), "ddpm": (0.2, 0.3, 0.6)}
WORDS = {"qldm": "undertrained", "qldm:twin": "converged", "ddpm": "unstable"}


def _appraisal(distances: tuple[float, ...], word: str) -> Appraisal:
    measures = {
        f"training/kid/{percent} %": Measure(value=one, ci_low=one - 0.1, ci_high=one + 0.1)
        for percent, one in zip((50, 75, 100), distances, strict=False)
    }
    return Appraisal(
        n_synthetic=40, n_reference=40, n_training=40, extractors={}, states={"training": word}, measures=measures
    )


@pytest.fixture(scope="module")
def made() -> tuple[Record, CurveFile]:
    predicted = predictions_for("multiclass", ARMS, (KEY,))
    appraised = {arm: _appraisal(DISTANCES[arm], WORDS[arm]) for arm in WORDS}
    appraised["O-real"] = _appraisal((), "not measured")
    record = record_for(predicted, "multiclass").model_copy(update={"appraisals": {KEY: appraised}})
    return record, CurveFile.model_validate(curves_for(predicted))


def _texts(figure: Figure | None) -> list[list[str]]:
    assert figure is not None
    return [[text.get_text() for text in axis.texts] for axis in figure.axes if axis.get_visible()]


def test_words_are_those_of_generators_and_twins(made: tuple[Record, CurveFile]) -> None:
    assert training_words(made[0], KEY) == WORDS
    assert training_words(made[0], "100%") == {}


def test_a_generators_losses_end_with_its_word_and_a_classifiers_do_not(made: tuple[Record, CurveFile]) -> None:
    record, kept = made
    marked = [["qldm: undertrained", "qldm:twin: converged"], ["ddpm: unstable"]]
    assert [sorted(texts) for texts in _texts(training_figure(record, kept, KEY, "loss"))] == marked
    assert not any(_texts(training_figure(record, kept, KEY, "train_loss")))


def test_distances_are_drawn_where_they_were_measured_with_their_limits(made: tuple[Record, CurveFile]) -> None:
    figure = milestones_figure(made[0], KEY)
    assert figure is not None
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["qldm", "ddpm"]
    *whiskers, curve = figure.axes[1].lines
    assert [tuple(line.get_ydata()) for line in whiskers] == [
        pytest.approx((one - 0.1, one + 0.1)) for one in DISTANCES["ddpm"]
    ]
    assert (list(curve.get_xdata()), tuple(curve.get_ydata())) == ([50, 75, 100], DISTANCES["ddpm"])
    # The word of the highest curve is the topmost.
    assert _texts(figure)[0] == ["qldm: undertrained", "qldm:twin: converged"]


@pytest.mark.usefixtures("undrawn")
def test_the_page_says_what_the_words_mean_only_where_there_are_any(made: tuple[Record, CurveFile]) -> None:
    record, kept = made
    page = render(record, kept, Path("none"))
    assert page.count(FIT_WORDS.split(":")[0]) == 2
    assert "qldm undertrained; qldm:twin converged; ddpm unstable" in page
    bare = record.model_copy(update={"appraisals": {}})
    assert FIT_WORDS.split(":")[0] not in render(bare, kept, Path("none"))
    assert milestones_figure(bare, KEY) is None
    assert not any(_texts(training_figure(bare, kept, KEY, "loss")))
