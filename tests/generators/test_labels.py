"""Whether the quantum generators learn their labels, and that facts and report say of which this was not shown."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import labels
from qaugbench import definitions
from qaugbench.cards import build_card
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.definition_text import generator_text
from qaugbench.errors import DefinitionError
from qaugbench.experiment.appraisal_inputs import verdicts_of
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.places import RECORD_FILE
from qaugbench.record import LABELS, read_record, record_text
from qaugbench.report.html import write_report
from qaugbench.stats.rates import OVER_IMAGES, OVER_REPLICATES, Counts, rate_difference
from tests.board.factory import write_run
from tests.experiment.small import small_choice, small_setting
from tests.report.page_text import PageText

NAMES = labels.quantum_generators()
SENTENCE = f"{LABELS}not shown to mean more."


def on_labels(name: str) -> list[str]:
    """Return what the facts of a generator say of its labels."""
    return [one for one in definitions.generator_card(name).deviations if one.startswith(LABELS)]


def measured(before: Counts, after: Counts) -> labels.Labels:
    """Return what a judge would have seen."""
    return labels.Labels("qldm", before, after, judge=0.9, fit_cpu_s=1.0)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> labels.Bench:
    """Return the phantom of two classes and its judge, which all generators share."""
    return labels.Bench(tmp_path_factory.mktemp("labels"))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if not on_labels(name)])
def test_labels_mean_more_after_a_fit_than_before_unless_the_facts_say_otherwise(
    name: str, bench: labels.Bench
) -> None:
    found = bench.measured(name, replicates=1, images=1600)  # so many that a gain of .05 does not hang on a processor
    assert found.learned, labels.row(found)


@pytest.mark.parametrize("name", [name for name in NAMES if on_labels(name)])
def test_facts_that_say_so_say_it_once_with_figures_and_are_shown(name: str) -> None:
    (sentence,) = on_labels(name)
    low, high = (float(limit) for limit in sentence.partition("[")[2].partition("]")[0].split(", "))
    assert low <= 0 < high or high <= 0
    assert sentence in generator_text(definitions.generator_card(name), {}, {}, width=10_000)


class TestVerdict:
    def test_of_one_fit_the_interval_is_over_its_images(self) -> None:
        clear, unclear = measured([(200, 400)], [(300, 400)]), measured([(200, 400)], [(215, 400)])
        assert (clear.learned, unclear.learned) == (True, False)
        assert clear.facts()["difference"]["method"] == OVER_IMAGES

    def test_of_three_fits_it_is_over_fits(self) -> None:
        before = [(200, 400)] * 3
        scattered = measured(before, [(400, 400), (200, 400), (210, 400)])
        assert rate_difference([(810, 1200)], [(600, 1200)]).ci_low > 0  # as if all were images of one fit
        assert not scattered.learned
        assert scattered.facts()["difference"]["method"] == OVER_REPLICATES
        assert measured(before, [(270, 400), (271, 400), (269, 400)]).learned

    def test_labels_that_get_worse_are_not_learned(self) -> None:
        swapped = measured([(300, 400)], [(200, 400)])
        assert not swapped.learned
        assert ".750 of images before the first step and .500 after the last, -.250 [" in swapped.sentence


class TestBench:
    """On few images, with a judge that hardly learned."""

    @pytest.fixture
    def small(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> labels.Bench:
        task = labels.two_class_task()
        track = task.tracks[labels.TRACK]
        short = replace(track, recipe=replace(track.recipe, steps=12))
        monkeypatch.setattr(labels, "two_class_task", lambda: replace(task, tracks={labels.TRACK: short}))
        labels.write_phantom(tmp_path / labels.FILE, patients=200, parts={"train": 15, "val": 12, "test": 4})
        return labels.Bench(tmp_path)

    @pytest.mark.parametrize("rate", [0.0, 0.01])
    def test_before_is_what_the_first_weights_draw(
        self, rate: float, small: labels.Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        card = definitions.generator_card("cwgan-gp-pixels")
        settings = {**card.settings(labels.TRACK), "steps": 2, "learning_rate": rate}
        monkeypatch.setattr(definitions, "generator_card", lambda name: replace(card, tracks={labels.TRACK: settings}))
        drawn: list[np.ndarray] = []
        monkeypatch.setattr(labels, "verdicts_of", _kept(drawn))
        found = small.measured("cwgan-gp-pixels", replicates=1, images=40)
        assert [of for _, of in (*found.before, *found.after)] == [40, 40]
        assert np.array_equal(*drawn) == (rate == 0.0)


def _kept(drawn: list[np.ndarray]) -> Callable[..., Any]:
    """Return the word of judges that keeps the images it is about."""

    def verdicts(judges: Any, halves: Any, own: LabelledImages) -> Any:
        drawn.append(own.images)
        return verdicts_of(judges, halves, own)

    return verdicts


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """Return the rows of labels.csv of a small phantom of two classes."""
    path = tmp_path_factory.mktemp("phantom") / "two-classes.zip"
    labels.write_phantom(path, patients=120, parts={"train": 8, "val": 6, "test": 3})
    with zipfile.ZipFile(path) as archive:
        return list(csv.DictReader(io.TextIOWrapper(archive.open("labels.csv"), "utf-8")))


class TestPhantom:
    def test_it_has_two_classes_in_every_part(self, rows: list[dict[str, str]]) -> None:
        assert {(row["label"], row["split"]) for row in rows} == {
            (name, part) for name in labels.CLASSES for part in ("train", "val", "test")
        }

    def test_a_patient_is_in_one_part_and_each_part_has_as_many_as_asked_for(self, rows: list[dict[str, str]]) -> None:
        parts, patients = defaultdict(set), defaultdict(set)
        for row in rows:
            parts[row["patient_id"]].add(row["split"])
            patients[row["split"]].add(row["patient_id"])
        assert all(len(found) == 1 for found in parts.values())
        assert {part: len(found) for part, found in patients.items()} == {"train": 16, "val": 12, "test": 6}

    def test_too_few_patients_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit, match="too few"):
            labels.write_phantom(tmp_path / "x.zip", patients=20, parts={"train": 30})


class TestFacts:
    def test_a_sentence_that_is_no_text_is_refused(self) -> None:
        facts = {**definitions.read_toml("baselines", "qldm"), "deviations": [{"labels": 0.5}]}
        with pytest.raises(DefinitionError, match="deviations"):
            build_card(facts, "qldm.toml")

    def test_the_names_of_cells_do_not_depend_on_it(self) -> None:
        choice, builder = small_choice(), ReplicateCells(small_setting(), "25%", 0.25, 0)
        said = replace(choice, card=replace(choice.card, deviations=(*choice.card.deviations, SENTENCE)))
        assert builder.sample(said).name == builder.sample(choice).name

    @pytest.mark.usefixtures("undrawn")
    def test_the_report_shows_it_beside_the_generator_and_not_among_the_folded_deviations(self, tmp_path: Path) -> None:
        write_run(tmp_path, replicates=2)
        record = read_record(tmp_path)
        facts = [one.model_copy(update={"deviations": ["Smaller.", SENTENCE]}) for one in record.generators[:1]]
        text = record_text(record.model_copy(update={"generators": facts + record.generators[1:]}))
        (tmp_path / RECORD_FILE).write_text(text, encoding="utf-8")
        blocks = PageText(write_report(tmp_path).read_text(encoding="utf-8")).blocks
        assert [tag for tag, text in blocks if SENTENCE in text] == ["p"]
        assert [tag for tag, text in blocks if "Smaller." in text] == ["li"]
