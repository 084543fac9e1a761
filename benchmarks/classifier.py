"""Candidates for the locked classifier of a track: R+, the oracle arm O-real, and R without augmentation.

For one task and source: processor seconds per fit on one thread, and macro-AUROC on validation and test images of R, R+ and
O-real over a few seeds. The recipe of the ``lite`` track was chosen from such a table on brain MRI, by R+ on validation.
``--model`` may be given several times and replaces the model of the track's recipe.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from qaugbench import definitions, seeds
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.datasets.phantom.source import phantom_archive
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.datasets.splits import choose_split
from qaugbench.datasets.subsets import runnable_fraction
from qaugbench.downstream.recipe import train_classifier
from qaugbench.experiment.replicate import Draw, replicate_rows
from qaugbench.metrics.discrimination import class_scores, macro_auroc

ARMS = {"R": (False, None), "R+": (True, None), "O-real": (True, "oracle")}
SEEDS = ("init_seed", "order_seed", "augment_seed", "fill_order_seed", "fill_augment_seed")


def main() -> None:
    """Print one row per model, arm and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="kneeoa")
    parser.add_argument("--track", default="smoke")
    parser.add_argument("--data", type=Path, help="prepared folder or .zip (default: the phantom)")
    parser.add_argument("--model", action="append")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--arm", action="append", choices=list(ARMS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    task = definitions.task(chosen.task)
    track = definitions.track(task, chosen.track)
    prepared = open_prepared(chosen.data or phantom_archive(task, track, Path("runs/phantom")), task.labels)
    split = choose_split(prepared)
    images = LabelledImages(load_images(prepared, track.image_size, task.channels), prepared.labels, prepared.groups)
    fraction, _ = runnable_fraction(prepared.labels[split.train], track.fractions[0])
    val, test = images.subset(split.val), images.subset(split.test)
    print(
        f"{task.name} {track.name}, {100 * fraction:g}% of {len(split.train)} training images, {len(split.test)} test images"
    )
    print(f"{'model':<28}{'arm':<8}{'seed':>5}{'val':>8}{'test':>8}{'processor s':>13}")
    for model in chosen.model or [track.recipe.model]:
        recipe = replace(track.recipe, model=model, steps=chosen.steps or track.recipe.steps)
        for seed in range(chosen.seeds):
            draw = Draw(fraction, ratio=1.0, balance="prior", kappa=4.0)
            rows = replicate_rows(
                prepared.labels, prepared.groups, split.train, draw, subset=seed, synthetic_labels=seed
            )
            for arm in chosen.arm or ARMS:
                augment, fill = ARMS[arm]
                extra = images.subset(rows.oracle) if fill else None
                started = time.process_time()
                result = train_classifier(
                    recipe,
                    task.labels.kind,
                    images.subset(rows.real),
                    extra,
                    val,
                    test,
                    augment=augment,
                    balance=augment,
                    ratio=1.0,
                    **{name: seeds.child_seed(seed, name) for name in SEEDS},
                )
                spent = time.process_time() - started
                scores = [
                    _auroc(logits, part.labels, task.labels.kind)
                    for logits, part in ((result.val_logits, val), (result.test_logits, test))
                ]
                print(f"{model:<28}{arm:<8}{seed:>5}{scores[0]:>8.4f}{scores[1]:>8.4f}{spent:>13.1f}", flush=True)


def _auroc(logits: np.ndarray, labels: np.ndarray, kind: str) -> float:
    usable = (labels.sum(axis=0) > 0) & (labels.sum(axis=0) < len(labels))
    return float(macro_auroc(class_scores(logits, kind)[:, usable], labels[:, usable]))


if __name__ == "__main__":
    main()
