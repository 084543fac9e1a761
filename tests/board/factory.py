"""Run folders made up for tests: drawn logits, drawn pictures, a record that says so. Nothing here was measured."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.board.comparable import Submitted
from qaugbench.board.verify import scores_of
from qaugbench.files import json_text, npz_bytes
from qaugbench.image_facts import Appraisal, Measure
from qaugbench.kinds import CONTROL_NAMES
from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.record import (
    UNSCORED,
    Board,
    CellOutcome,
    DataFacts,
    Environment,
    FractionFacts,
    GeneratorFacts,
    LabelFacts,
    Record,
    StageCost,
    record_text,
)
from qaugbench.task import Endpoint

QUALITY = {
    "R": -0.2,
    "R+": 0.0,
    "R+cm": 0.0,
    "R+os": 0.05,
    "O-real": 0.6,
    "ddpm": 0.15,
    "qldm": 0.1,
    "qldm:twin": 0.1,
    "qldm:no-entanglement": 0.1,
    "qldm:frozen": 0.0,
    "P-noise": -0.1,
    "P-shuf:qldm": -0.1,
    "R+dup": 0.0,
    "R+lowres:8": -0.1,
    "R+rec:latent": -0.3,
    "copycat": 0.0,
    "O-true": 0.5,
}
ARMS = ("R", "R+", "R+cm", "R+os", "O-real", "ddpm", "qldm", "qldm:twin")
CHECKS = {
    "P-noise": "placebo",
    "P-shuf:qldm": "placebo",
    "R+dup": "duplicate",
    "R+lowres:8": "resolution",
    "R+rec:latent": "reconstruction",
    "copycat": "copycat",
    "O-true": "oracle-true",
}
ROLES = {
    "R": "real-only",
    "R+": "augmented",
    "R+cm": "compute-matched",
    "R+os": "oversampling",
    "O-real": "oracle",
    **CHECKS,
}
SPACES = {
    "multiclass": (["glioma", "meningioma", "notumor"], ["Glioma", "Meningioma", "No tumour"]),
    "multilabel": (["Mass", "Nodule", "Hernia"], ["Mass", "Nodule", "Hernia"]),
    "ordinal": (["0", "1", "2"], ["Grade 0", "Grade 1", "Grade 2"]),
}


def arm_info(arm: str) -> ArmInfo:
    """Return what the record says of an arm, from its id."""
    if arm in ROLES:
        return ArmInfo(id=arm, role=ROLES[arm])  # type: ignore[arg-type]
    head, _, last = arm.rpartition(":")
    generator, control = (head, last) if last in CONTROL_NAMES else (arm, "")
    kind = "classical" if generator == "ddpm" or control == "twin" else "hybrid"
    role = "control" if control else "synthetic"
    return ArmInfo(
        id=arm, role=role, generator=generator, control=control or "none", kind=kind, fidelity="reconstruction"
    )


def endpoints_for(kind: str) -> list[Endpoint]:
    """Return a primary macro-AUROC, and a kappa for grades."""
    names = SPACES[kind][0]
    endpoints = [Endpoint(id="macro_auroc", title="macro-AUROC", kind="macro_auroc", classes=tuple(names), margin=0.01)]
    if kind == "ordinal":
        endpoints.append(
            Endpoint(id="qwk", title="quadratic weighted kappa", kind="qwk", classes=tuple(names), margin=0.02)
        )
    return endpoints


def predictions_for(
    kind: str,
    arms: tuple[str, ...],
    fractions: tuple[str, ...],
    *,
    replicates: int = 3,
    patients: int = 40,
    seed: int = 0,
    real_seed: int | None = None,
    failed: tuple[tuple[str, int], ...] = (),
) -> PredictionSet:
    """Return logits drawn around the labels, better with a higher QUALITY; NaN for (arm, replicate) in ``failed``.

    The arms on real images alone are those that ``real_seed`` draws, if given: on one board they are the same in all entries.
    """
    if real_seed is not None:
        own, board = (
            predictions_for(kind, arms, fractions, replicates=replicates, patients=patients, seed=one, failed=failed)
            for one in (seed, real_seed)
        )
        return _with_real_arms(own, board)
    rng = np.random.default_rng(seed)
    n_classes = len(SPACES[kind][0])
    parts: dict[str, Any] = {}
    for part in ("test", "val"):
        groups = np.repeat(np.arange(patients), 1 + np.arange(patients) % 2) + (1000 if part == "val" else 0)
        codes = np.arange(len(groups)) // 2 % n_classes
        labels = np.eye(n_classes, dtype=np.uint8)[codes]
        if kind == "multilabel":
            labels = ((rng.random((len(groups), n_classes)) < 0.3) | (np.arange(len(groups))[:, None] % 9 == 0)).astype(
                np.uint8
            )
        parts |= {f"{part}_labels": labels, f"{part}_groups": groups.astype(np.int64)}
        parts[f"{part}_ids"] = np.array([f"{part}{number:04d}" for number in range(len(groups))])
    drawn = {}
    for key in fractions:
        missing = (
            *failed,
            *(("O-real", replicate) for replicate in range(replicates) if key == "100%" and "O-real" in arms),
        )
        drawn[key] = FractionPredictions(
            *(_logits(rng, parts[f"{part}_labels"], arms, replicates, missing) for part in ("test", "val"))
        )
    return PredictionSet(arms=arms, fractions=drawn, **parts)


def _with_real_arms(own: PredictionSet, board: PredictionSet) -> PredictionSet:
    real = np.isin(own.arms, list(ROLES))[:, None, None, None]
    drawn = {
        key: FractionPredictions(
            np.where(real, board.fractions[key].test_logits, part.test_logits),
            np.where(real, board.fractions[key].val_logits, part.val_logits),
        )
        for key, part in own.fractions.items()
    }
    return replace(own, fractions=drawn)


def _logits(
    rng: np.random.Generator,
    labels: np.ndarray,
    arms: tuple[str, ...],
    replicates: int,
    failed: tuple[tuple[str, int], ...],
) -> np.ndarray:
    persistent = rng.normal(size=labels.shape)
    quality = np.array([QUALITY[arm] for arm in arms])[:, None, None, None]
    noise = rng.normal(size=(len(arms), replicates, *labels.shape))
    logits = (1.2 + quality) * labels + 0.7 * persistent + 0.5 * noise
    for arm, replicate in failed:
        logits[arms.index(arm), replicate] = np.nan
    return logits.astype(np.float32)


def record_for(predicted: PredictionSet, kind: str, **facts: Any) -> Record:
    """Return a record whose scores and hash fit ``predicted``; ``facts`` as for ``unscored``."""
    record = unscored(predicted, kind, **facts)
    return record.scored(scores_of(record, predicted))


def unscored(
    predicted: PredictionSet,
    kind: str,
    *,
    phantom: bool = True,
    failures: tuple[CellOutcome, ...] = (),
    task: str = "brainmri",
    endpoints: list[Endpoint] | None = None,
) -> Record:
    """Return a record without scores whose facts and hash fit ``predicted``."""
    names, titles = SPACES[kind]
    arms = [arm_info(arm) for arm in predicted.arms]
    replicates = next(iter(predicted.fractions.values())).test_logits.shape[1]
    source = "phantom" if phantom else "nickparvar"
    parts = ("test", "val")
    return Record(
        id="brainmri-1-lite-0123456789ab",
        board=Board(task=f"{task}@1", source=source, track="lite"),
        title="Brain tumour MRI",
        question="Which tumour, if any, does a brain MRI slice show?",
        labels=LabelFacts(kind=kind, names=names, titles=titles),
        endpoints=endpoints or endpoints_for(kind),
        arms=arms,
        fractions=[_fraction_facts(key) for key in predicted.fractions],
        replicates=replicates,
        image_size=16,
        recipe={"model": "mobilenetv3_small_050", "steps": 80, "batch_real": 24, "learning_rate": 0.002},
        generators=[_generator_facts(arm) for arm in arms if arm.generator],
        data=DataFacts(
            source=source,
            phantom=phantom,
            description="Made-up data of a test.",
            manifest_sha256="0" * 64,
            split_sha256="1" * 64,
            split_how="by patient",
            leaky=False,
            crossing_groups=0,
            patients_known=True,
            n_images={"train": 200, **{part: len(getattr(predicted, f"{part}_ids")) for part in parts}},
            n_groups={"train": 100, **{part: len(np.unique(getattr(predicted, f"{part}_groups"))) for part in parts}},
            class_counts={name: _class_counts(predicted, k) for k, name in enumerate(names)},
            subgroups=list(predicted.test_subgroups),
            licence="CC BY 4.0",
            citation="A. Author (2020). Made-up images. doi:10.0000/none.",
        ),
        task_sha256="3" * 64,
        recipe_sha256="e" * 64,
        config_sha256="2" * 64,
        predictions_sha256=hashlib.sha256(predicted.to_bytes()).hexdigest(),
        environment=Environment(
            created="2026-01-01T00:00:00+00:00",
            qaugbench="0.1.0",
            commit=None,
            code_sha256="3" * 64,
            python="3.12.0",
            platform="Linux",
            processor="a processor",
            cores=2,
            accelerator="cpu",
            packages={"numpy": "2.0.0"},
        ),
        cost={"train": StageCost(cells=24, computed_now=20, wall_s=120.5, cpu_s=118.0, peak_memory_mb=800.0)},
        failures=list(failures),
        scores=UNSCORED,
    )


def _class_counts(predicted: PredictionSet, k: int) -> dict[str, int]:
    held_out = {part: int(getattr(predicted, f"{part}_labels")[:, k].sum()) for part in ("val", "test")}
    return {"train": 66 if k else 200 - 66 * (predicted.test_labels.shape[1] - 1), **held_out}


def _fraction_facts(key: str) -> FractionFacts:
    share = float(key.removesuffix("%")) / 100
    return FractionFacts(key=key, requested=share, used=share, n_real=40, n_fill=40, oracle=share < 1)


def _generator_facts(arm: ArmInfo) -> GeneratorFacts:
    return GeneratorFacts(
        id=str(arm.generator),
        control=str(arm.control),
        kind=str(arm.kind),
        fidelity="reconstruction",
        settings={"steps": 100, "learning_rate": 0.001},
        parameters={"total": 1000, "block": 60},
        citation=f"A. Author, B. Other (2024). A paper on {arm.generator}. arXiv:2400.00000.",
        deviations=["fewer steps than the paper"],
    )


def curves_for(predicted: PredictionSet) -> dict[str, Any]:
    """Return training curves of a few points for every arm and generator variant."""
    steps = [0, 40, 80]
    replicates = range(next(iter(predicted.fractions.values())).test_logits.shape[1])
    where = [{"fraction": key, "replicate": replicate} for key in predicted.fractions for replicate in replicates]
    return {
        "classifier": [
            {
                "arm": arm,
                **place,
                "points": [{"step": s, "train_loss": 1 / (1 + s), "val_metric": s / 100} for s in steps],
            }
            for arm in predicted.arms
            for place in where
        ],
        "generator": [
            {"variant": arm, **place, "points": [{"step": s, "loss": 2 / (1 + s)} for s in steps]}
            for arm in predicted.arms
            if arm not in ROLES
            for place in where
        ],
    }


def samples_for(record: Record) -> dict[str, np.ndarray]:
    """Return noise pictures for every class of the real images and of every generator variant."""
    rng = np.random.default_rng(3)
    rows = ["real", *(arm.id for arm in record.arms if arm.generator)]
    names = [*record.labels.names, *(["none"] if record.labels.kind == "multilabel" else [])]
    return {f"{row}/{name}": rng.integers(0, 256, (4, 16, 16, 1), dtype=np.uint8) for row in rows for name in names}


def write_run(
    folder: Path,
    kind: str = "multiclass",
    *,
    arms: tuple[str, ...] = ARMS,
    fractions: tuple[str, ...] = ("10%",),
    replicates: int = 3,
    phantom: bool = True,
    failed: tuple[tuple[str, int], ...] = (),
    seed: int = 0,
    real_seed: int | None = None,
    task: str = "brainmri",
    **changes: Any,
) -> Record:
    """Write a complete run folder and return its record; ``changes`` replace fields of the record."""
    predicted = predictions_for(
        kind, arms, fractions, replicates=replicates, failed=failed, seed=seed, real_seed=real_seed
    )
    failures = tuple(
        CellOutcome(
            stage="train",
            name=f"{arm} {key} r{replicate}",
            arm=arm,
            fraction=key,
            replicate=replicate,
            outcome="diverged",
            reason="the loss is not finite",
        )
        for arm, replicate in failed
        for key in fractions
    )
    record = record_for(predicted, kind, phantom=phantom, failures=failures, task=task).model_copy(update=changes)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "record.json").write_text(record_text(record), encoding="utf-8")
    (folder / "predictions.npz").write_bytes(predicted.to_bytes())
    (folder / "curves.json").write_text(json_text(curves_for(predicted)), encoding="utf-8")
    (folder / "samples.npz").write_bytes(npz_bytes(samples_for(record)))
    return record


def write_predictions(
    folder: Path,
    kind: str = "multiclass",
    *,
    arms: tuple[str, ...] = ("R+", "R+cm", "ddpm", "qldm"),
    fractions: tuple[str, ...] = ("10%",),
    replicates: int = 10,
    patients: int = 40,
    phantom: bool = False,
    failed: tuple[tuple[str, int], ...] = (),
    seed: int = 0,
    task: str = "brainmri",
    **changes: Any,
) -> Submitted:
    """Write only the predictions of an entry, and return it with a record that has no scores: enough to measure a board."""
    predicted = predictions_for(
        kind, arms, fractions, replicates=replicates, patients=patients, failed=failed, seed=seed
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "predictions.npz").write_bytes(predicted.to_bytes())
    record = unscored(predicted, kind, phantom=phantom, task=task).model_copy(update=changes)
    return Submitted(folder, record)


def appraisal(state: str) -> Appraisal:
    """Return an appraisal that knows of copies alone."""
    low, high = {"releasable": (-0.01, 0.01), "memorising": (0.2, 0.4), "not decided": (0.0, 0.4)}[state]
    measures = {
        "copies/excess": Measure(value=(low + high) / 2, ci_low=low, ci_high=high, n=100, n_real=100, extractor="one"),
        "copies/found/all": Measure(value=0.9, n=100, extractor="one"),
    }
    return Appraisal(
        n_synthetic=1, n_reference=1, n_training=1, extractors={}, states={"copies": state}, measures=measures
    )
