"""Whether generators learn their labels: a judge's word on images of two classes before the first step of a fit and after the last.

    OMP_NUM_THREADS=1 python benchmarks/labels.py [NAME ...] [--json] [--replicates 3]

The classes are two of the phantom of brain MRI, which a judge that learned from other patients tells apart. Each generator is
fitted with its settings and budget of the track smoke, and draws as many images of each class from its first weights as from
its last. What a fit reads off its images when it starts, such as the range of their points, is not among the first weights. A
row gives how often the judge sees in an image the class that it was asked for (consistency, chance .5), before and after, the
difference over replicates, which differ in every seed of the fit, and what the judge sees in real images. Its 95 % interval
is Student's over three replicates or more and never narrower than that over images; over fewer it is over images alone.
Without names: every quantum or hybrid generator. Judge, spaces and fits are cells of the store in ``--out``: an interrupted
table resumes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from qaugbench import definitions
from qaugbench.cards import LENGTHS
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.experiment.appraisal_cells import judge_cell
from qaugbench.experiment.appraisal_inputs import images_at, judges_of, verdicts_of
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.execute import compute
from qaugbench.experiment.generator_choice import bind
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.replicate_cells import ReplicateCells, Setting
from qaugbench.experiment.source import open_source
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import fitted_model, new_model, real_images
from qaugbench.formatting import PHANTOM_BANNER, change, count, interval, signed, unsigned
from qaugbench.kinds import is_quantum
from qaugbench.metrics.label_truth import Consistency, consistency
from qaugbench.predictions import fraction_key
from qaugbench.record import LABELS
from qaugbench.seeds import BENCH_SEED, child_seed
from qaugbench.stats.rates import Counts, rate_difference
from qaugbench.task import Task

TRACK = "smoke"
FILE = "two-classes.zip"
CLASSES = ("notumor", "pituitary")
PARTS = {"train": 200, "val": 500, "test": 30}
"""Patients of each class. A judge learns from half of the validation part."""
PATIENTS = 3200
IMAGES, REPLICATES = 400, 3


@dataclass(frozen=True)
class Labels:
    """How often a judge sees the class that was asked for, as (right, of) of each replicate, ``before`` a fit and ``after`` it;
    ``judge`` is how often it is right on real images."""

    name: str
    before: Counts
    after: Counts
    judge: float
    fit_cpu_s: float

    @property
    def learned(self) -> bool:
        """Whether labels mean more after the fit than before it, beyond error."""
        return rate_difference(self.after, self.before).ci_low > 0

    @property
    def sentence(self) -> str:
        """What the facts of a generator say, among its deviations, where its labels were not learned."""
        apart = rate_difference(self.after, self.before)
        before, after = map(_mean, (self.before, self.after))
        return (
            f"{LABELS}not shown to mean more after a fit with the settings of smoke than before it. On a phantom of two classes, a "
            f"judge saw the class that was asked for in {unsigned(before)} of images before the first step and {unsigned(after)} "
            f"after the last, {change(apart.value, apart.ci_low, apart.ci_high)} (95 %, {count(len(self.after), 'fit')}; of real "
            f"images {unsigned(self.judge)})."
        )

    def facts(self) -> dict[str, Any]:
        """Return all numbers, those of the difference among them, as plain data."""
        found = rate_difference(self.after, self.before)
        return {**asdict(self), "difference": asdict(found), "learned": self.learned, "sentence": self.sentence}


def main() -> None:
    """Print one row per generator, as soon as it is measured."""
    chosen = _arguments()
    if not chosen.json:
        print(heading(), flush=True)
    bench = Bench(chosen.out)
    for name in chosen.name or quantum_generators():
        found = bench.measured(name, chosen.replicates, chosen.images)
        print(json.dumps(found.facts(), sort_keys=True) if chosen.json else row(found), flush=True)


def quantum_generators() -> list[str]:
    """Return the ids of all generators with circuits of their own, without variants."""
    return [card.id for card in definitions.usable_cards() if is_quantum(card.kind)]


def two_class_task() -> Task:
    """Return the task brain MRI with two of its classes."""
    task = definitions.task("brainmri")
    titles = dict(zip(task.labels.names, task.labels.titles, strict=True))
    space = replace(task.labels, names=CLASSES, titles=tuple(titles[name] for name in CLASSES))
    return replace(task, labels=space, endpoints=(replace(task.endpoints[0], classes=CLASSES),))


def write_phantom(path: Path, *, patients: int = PATIENTS, parts: Mapping[str, int] = PARTS) -> None:
    """Write the phantom of two classes of brain MRI: of those drawn, the first patients of each class fill the ``parts``."""
    phantom = render_phantom("brainmri", patients, child_seed(BENCH_SEED, "phantom", "two classes"), 64)
    wanted = [part for part, n in parts.items() for _ in range(n)]
    places = {name: iter(wanted) for name in CLASSES}
    given: dict[str, str | None] = {}
    for row in phantom.rows:
        if row["label"] in places and row["patient_id"] not in given:
            given[str(row["patient_id"])] = next(places[str(row["label"])], None)
    kept = [k for k, row in enumerate(phantom.rows) if row["label"] in places and given[str(row["patient_id"])]]
    if any(next(place, None) for place in places.values()):
        sys.exit(f"{patients} patients are too few for {len(wanted)} of each of two classes.")
    rows = [{**phantom.rows[k], "split": given[str(phantom.rows[k]["patient_id"])]} for k in kept]
    facts = {"name": "phantom", "task": "brainmri", "phantom": True, "description": PHANTOM_BANNER, "notes": []}
    write_prepared(path, phantom.images[kept], rows, facts)


class Bench:
    """The phantom of two classes, its judge, and the store with the fits, in one folder."""

    def __init__(self, folder: Path) -> None:
        data = folder / FILE
        if not data.exists():
            write_phantom(data)
        task = two_class_task()
        track = definitions.track(task, TRACK)
        source = open_source(task, track, data=data, source=None, split=None, allow_leaky=False, phantom_folder=folder)
        self.setting = Setting(task, track, source, "cpu")
        self.store = Store(folder / "store")

    def measured(self, name: str, replicates: int = REPLICATES, images: int = IMAGES) -> Labels:
        """Return what the judge sees in ``images`` images of each of ``replicates`` fits, and of their first weights."""
        choice = self._choice(name)
        builders = [ReplicateCells(self.setting, fraction_key(1.0), 1.0, replicate) for replicate in range(replicates)]
        samples = [builder.sample(choice) for builder in builders]
        judge = judge_cell(self.setting, samples[0].needs["prepare"], builders[0].split)
        with self.store.in_use():
            for cell in with_upstream([judge, *(sample.needs["fit"] for sample in samples)]):
                done = compute(cell, self.store.root)
                if done.outcome != "ok":
                    sys.exit(f"{done.outcome} {cell.stage} {cell.label}: {done.reason}")
            return self._labels(name, judge, samples, images)

    def _choice(self, name: str) -> GeneratorChoice:
        card, module = definitions.generator_card(name), definitions.generator_module(name)
        if not card.settings(TRACK).keys() & {*LENGTHS}:
            sys.exit(f"{name} is solved at once, so it has no first weights.")
        return bind(GeneratorChoice(card, name, module, identity={}), self.setting.task, self.setting.track)

    def _labels(self, name: str, judge: Cell, samples: Sequence[Cell], images: int) -> Labels:
        wanted = np.eye(len(CLASSES), dtype=np.float32)[np.arange(images) % len(CLASSES)]
        judges = judges_of(judge, self.store, real_images(samples[0], self.store))
        halves = [images_at(samples[0], self.store, one.reference) for one in judges]

        def seen(drawn: np.ndarray) -> Consistency:
            word = verdicts_of(judges, halves, LabelledImages(drawn, wanted, np.arange(images)))
            return consistency(word.synthetic.logits, wanted, word.real.logits, word.real.labels)

        pairs = [[seen(drawn) for drawn in self._drawn(sample, wanted)] for sample in samples]
        before, after = (
            tuple((round(one.synthetic.value * images), images) for one in ones) for ones in zip(*pairs, strict=True)
        )
        cpu_s = fmean(self.store.meta("fit", sample.needs["fit"].name)["cpu_s"] for sample in samples)
        return Labels(name, before, after, pairs[0][0].real.value, cpu_s)

    def _drawn(self, sample: Cell, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return images drawn under one seed with the weights before the first step of a fit, and with those after the last."""
        data, fit, seed = real_images(sample, self.store), sample.needs["fit"], sample.key["seeds"]["gen_sample"]
        shape = data.images.shape[1:]
        first = new_model(fit, self.store, shape, len(CLASSES))
        none = first.recipe.training.lasting(0, first.recipe.training.batch_size)
        first.fit(data, seed=fit.key["seeds"]["gen_fit"], training=none)
        last = fitted_model(sample, self.store, shape, len(CLASSES))
        return first.sample(wanted, seed=seed), last.sample(wanted, seed=seed)


def heading() -> str:
    """Return the words above the columns."""
    return f"{'generator':18}{'before':>8}{'after':>8}{'difference':>12}{'95 %':>18}{'real':>7}{'fit':>8}  learned"


def row(found: Labels) -> str:
    """Return the row of one generator."""
    apart = rate_difference(found.after, found.before)
    shares = "".join(f"{unsigned(_mean(counts)):>8}" for counts in (found.before, found.after))
    between = interval(apart.ci_low, apart.ci_high)
    return (
        f"{found.name:18}{shares}{signed(apart.value):>12}{between:>18}{unsigned(found.judge):>7}{found.fit_cpu_s:>6.0f} s"
        f"  {'yes' if found.learned else 'no'}"
    )


def _mean(counts: Counts) -> float:
    return fmean(right / of for right, of in counts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", metavar="NAME")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object per line, with the counts of each replicate"
    )
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--images", type=int, default=IMAGES, help="of both classes together")
    parser.add_argument("--out", type=Path, default=Path("runs/labels"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
