"""What it is worth to a classifier to have trained on a twin of a test image: how much of a score is leakage.

    python results/leakage.py RUN --data DATA.zip --split COLUMN

RUN is the folder of a finished run on a leaky split of DATA (``run --split COLUMN --allow-leaky-split``), at a fraction of
the training patients below 100 %. Which of them a replicate trains on is drawn at random, so the same test image has a
near-duplicate among them in some replicates and not in others. The difference in accuracy between the two, image by
image, is leakage and nothing else; that of two test sets is not, since their images differ.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import numpy as np

from qaugbench.datasets.audit.duplicates import find_pairs
from qaugbench.datasets.audit.scan import scan
from qaugbench.datasets.merged_groups import close_groups
from qaugbench.experiment.prepare import PreparedRun, prepare
from qaugbench.experiment.replicate import replicate_rows
from qaugbench.experiment.request import RunRequest
from qaugbench.predictions import PredictionSet, read_predictions
from qaugbench.record import Record, read_record


def planned(record: Record, data: Path, split: str, out: Path) -> PreparedRun:
    """Return the plan of the run, from which the training images of each replicate are known."""
    generators = tuple(arm.id for arm in record.arms if arm.role == "synthetic")
    return prepare(
        RunRequest(
            task=record.board.task_id,
            generators=generators,
            data=data,
            source=record.board.source,
            split=split,
            allow_leaky_split=True,
            track=record.board.track,
            out=out,
        )
    )


def twin_trained_on(run: PreparedRun, key: str, replicates: int) -> np.ndarray:
    """Return bool [R, N_test]: whether a near-duplicate of the test image is among the replicate's training images."""
    setting, prepared, split = run.plan.setting, run.plan.source.prepared, run.plan.source.split
    used = next(fraction.used for fraction in run.plan.fractions if fraction.key == key)
    pairs = find_pairs(scan(prepared))
    picture = close_groups(None, pairs.first, pairs.second, len(prepared))
    found = []
    for replicate in range(replicates):
        streams = setting.streams(used, replicate)
        rows = replicate_rows(
            prepared.labels,
            prepared.groups,
            split.train,
            setting.draw(used),
            subset=streams.subset,
            synthetic_labels=streams.synthetic_labels,
        )
        found.append(np.isin(picture[split.test], picture[rows.real]))
    return np.array(found)


def correct(predicted: PredictionSet, run: PreparedRun, key: str, arm: str) -> np.ndarray:
    """Return bool [R, N_test] in the order of the plan's test images: whether the most likely class is the true one."""
    place = {name: number for number, name in enumerate(predicted.test_ids.tolist())}
    source = run.plan.source
    order = [place[source.image_ids[row]] for row in source.split.test]
    logits = predicted.fractions[key].test_logits[predicted.arms.index(arm)][:, order]
    return logits.argmax(axis=-1) == predicted.test_labels[order].argmax(axis=1)


def main() -> None:
    """Print the accuracy with and without a twin among the training images, arm by arm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", required=True)
    given = parser.parse_args()
    record, predicted = read_record(given.run), read_predictions(given.run / "predictions.npz")
    key = record.fractions[0].key
    with tempfile.TemporaryDirectory() as out:
        run = planned(record, given.data, given.split, Path(out))
        twin = twin_trained_on(run, key, record.replicates)
        sometimes = twin.any(axis=0) & ~twin.all(axis=0)
        print(f"{record.board} at {key}: {twin.shape[1]} test images; a twin of {100 * twin.mean():.1f} % of them is")
        print(f"trained on in a replicate, of {sometimes.sum()} in some replicates and not in others")
        print(f"{'arm':<24}{'all':>8}{'with twin':>11}{'without':>9}{'difference, image by image':>30}")
        for arm in predicted.arms:
            right = correct(predicted, run, key, arm)
            chosen, there = right[:, sometimes], twin[:, sometimes]
            gain = [chosen[there[:, i], i].mean() - chosen[~there[:, i], i].mean() for i in range(chosen.shape[1])]
            error = np.std(gain, ddof=1) / math.sqrt(len(gain))
            print(
                f"{arm:<24}{right.mean():>8.3f}{chosen[there].mean():>11.3f}{chosen[~there].mean():>9.3f}"
                f"{np.mean(gain):>22.3f} ± {error:.3f}"
            )


if __name__ == "__main__":
    main()
