"""Comparisons of classifiers that were never trained: predictions drawn at random, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.classification.judged import judged
from qaugbench.classification.results import RECIPE, ClassifierBoard, Comparison, Row
from qaugbench.classification.stored import CURVES, PREDICTIONS
from qaugbench.files import json_text
from qaugbench.places import CLASSIFIERS_FILE
from qaugbench.predictions import FractionPredictions, PredictionSet
from qaugbench.task import Endpoint

CLASSES = ("a", "b", "c")
MACRO = Endpoint("macro_auroc", "macro-AUROC", "macro_auroc", CLASSES, margin=0.01)
KEY = "10%"
RUNS, N, N_VAL = 3, 60, 12
SIGNALS = {RECIPE: 1.5, "qumi": 1.0, "qumi:bottleneck": 1.4, "qumi:linear": 1.5}
"""How well each tells the classes apart."""


def predictions(seed: int = 0, signals: Mapping[str, float] = SIGNALS) -> PredictionSet:
    """Return predictions of images and patients that no other seed has."""
    random = np.random.default_rng(seed)
    labels, groups, logits = {}, {}, []
    for part, n in (("test", N), ("val", N_VAL)):
        labels[part] = np.eye(3, dtype=np.uint8)[np.arange(n) % 3]
        groups[part] = 1000 * seed + 500 * (part == "val") + np.arange(n) // 2
        noise = random.normal(size=(len(signals), RUNS, n, 3))
        logits.append((noise + np.array([*signals.values()])[:, None, None, None] * labels[part]).astype(np.float32))
    return PredictionSet(
        arms=tuple(signals),
        test_ids=np.array([f"test-{seed}-{i}" for i in range(N)]),
        test_labels=labels["test"],
        test_groups=groups["test"],
        val_ids=np.array([f"val-{seed}-{i}" for i in range(N_VAL)]),
        val_labels=labels["val"],
        val_groups=groups["val"],
        fractions={KEY: FractionPredictions(*logits)},
    )


def row(name: str, **changes: Any) -> Row:
    """Return a row of which nothing is measured; its course of training is made up."""
    classifier, _, control = name.partition(":")
    numbers = dict.fromkeys(("score", "log_loss", "calibration", "calibration_scaled", "uncertainty_gap", "best_step"))
    course = {"steps": 40, "steps_to_95": 20.0, "look_every": 2.0, "step_wall_s": 0.1, "step_cpu_s": 0.1}
    given = {"kind": "classical" if control else "hybrid", "parameters": {"total": 9, "block": 4}, **numbers, **course}
    return Row(name, classifier, control or "none", scores=(), block_movement=None, **{**given, **changes})


def comparison(*, fold: str = "", **changes: Any) -> Comparison:
    """Return a comparison of which nothing is measured, of a ``fold`` such as "1/3" where one is given."""
    split = f" --split fold:{fold}" if fold else ""
    board = ClassifierBoard(
        "brainmri@2", "made", "lite", "qumi", KEY, tuple(row(name) for name in SIGNALS if name != RECIPE), ()
    )
    facts: dict[str, Any] = {
        "task": "brainmri@2",
        "source": "made",
        "source_sha256": "0" * 64,
        "phantom": False,
        "track": "lite",
        "replicates": RUNS,
        "endpoint": MACRO.id,
        "endpoint_title": MACRO.title,
        "n_test_images": 0,
        "n_test_patients": 0,
        "command": f"qaugbench run --classifier qumi --task brainmri{split}",
        "recipe": {KEY: row(RECIPE, kind="classical", steps=None)},
        "boards": (board,),
        "against_each_other": {KEY: ()},
        "gains": {},
        "disclosed": {"qumi": ("Made up.",)},
        "citations": {"qumi": "Nobody."},
        "notes": ("Exploratory.", f"Computed with fold:{fold} as its split.") if fold else ("Exploratory.",),
        "failures": (),
        "class_names": CLASSES,
        "decided_by": (MACRO,),
    }
    return Comparison(**{**facts, **changes})


def write(folder: Path, *, seed: int = 0, signals: Mapping[str, float] = SIGNALS, **changes: Any) -> Comparison:
    """Write a comparison with its predictions into a folder, and return it."""
    drawn = predictions(seed, signals)
    found = judged(comparison(**changes), [drawn])
    folder.mkdir(parents=True)
    (folder / PREDICTIONS).write_bytes(drawn.to_bytes())
    points = [{"step": 20, "val_metric": 0.7, "train_loss": 1.0, "checkpoint": True}]
    looks = [{"classifier": "qumi", "fraction": KEY, "replicate": 0, "points": points}]
    (folder / CURVES).write_text(json_text(looks), encoding="utf-8")
    (folder / CLASSIFIERS_FILE).write_text(json_text(found.to_dict()), encoding="utf-8")
    return found


def write_folds(root: Path, of: int = 3) -> list[Path]:
    """Write the comparisons of all folds and return their folders."""
    folders = [root / f"classifiers-{fold}" for fold in range(1, of + 1)]
    for fold, folder in enumerate(folders, 1):
        write(folder, seed=fold, fold=f"{fold}/{of}")
    return folders


def with_row(found: Comparison, place: int, **changes: Any) -> Comparison:
    """Return a comparison with one row of its board changed."""
    (board,) = found.boards
    rows = [replace(one, **changes) if number == place else one for number, one in enumerate(board.rows)]
    return replace(found, boards=(replace(board, rows=tuple(rows)),))
