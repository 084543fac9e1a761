"""The cells that appraise what was drawn: one judge per run, and one appraisal per set of images of the first replicate.

Where a task has a group of classes, such as gradable photographs, the judge says of every replicate's images how many are of it.
How the images of every generator and control change with their noise is measured in cells of its own.

They depend on cells of the run and none depends on them, so a run is the same with and without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from qaugbench.board.comparable import SMOKE
from qaugbench.board.short_fits import TOO_SHORT
from qaugbench.experiment.arms import Arm
from qaugbench.experiment.cells import Cell, Inputs, Place
from qaugbench.experiment.extractor_choice import ExtractorChoice
from qaugbench.experiment.fingerprint import code_hash, libraries, module_hash
from qaugbench.experiment.replicate_cells import MODEL_CODE, PHANTOMS, Setting
from qaugbench.experiment.source import phantom_side
from qaugbench.seeds import child_seed
from qaugbench.task import Task

STAGES_CODE = (
    "qaugbench.experiment.appraisal_stages",
    "qaugbench.experiment.appraisal_inputs",
    "qaugbench.experiment.stored",
    MODEL_CODE,
)
JUDGE_CODE = ("qaugbench.downstream.judge", "qaugbench.datasets.judge")
APPRAISAL_CODE = (
    "qaugbench.appraisal.appraise",
    "qaugbench.appraisal.factor_network",
    "qaugbench.downstream.judge",
    "qaugbench.extractors.pixels",
)
GRADING_CODE = ("qaugbench.metrics.group_rate", "qaugbench.downstream.judge")
TRUTH_CODE = ("qaugbench.appraisal.factor_network", "qaugbench.datasets.preprocess")
TRUTH_PATIENTS, TRUTH_STEPS, TRUTH_SIDE = 60, 20, 64
"""Fresh patients of a phantom, and training steps of the network that reads their factors, per pixel of a side up to the last."""
GEOMETRY_CODE = ("qaugbench.generators.shared.latent_geometry", "qaugbench.metrics.geometry")
GEOMETRY_IMAGES = 8
EXTRACTOR_CODE = "qaugbench.extractors.named"
APPRAISED_CONTROLS = ("none", "twin")
OTHER_ARMS = ("O-real", "copycat")
"""Real images in place of synthetic ones, and copies: what the measures say of those tells how to read them."""
RECONSTRUCTED = "reconstructed"
"""Real training images sent through a space: what any generator that works in it loses."""
FIRST = 0


def appraisal_cells(
    setting: Setting,
    arms: Sequence[Arm],
    train_cells: Mapping[tuple[str, str, int], Cell],
    extractors: Sequence[ExtractorChoice] = (),
) -> dict[tuple[str, str], Cell]:
    """Return the appraisals of a run by (arm, fraction key): generators, twins, and the arms that tell how to read theirs.

    Distances are measured on the judge's features, on pixels and on those of ``extractors``.
    """
    found, truth = {}, _truth(setting)
    for arm in arms:
        if not _appraised(arm):
            continue
        for (name, fraction, replicate), train in train_cells.items():
            if name == arm.info.id and replicate == FIRST:
                found[name, fraction] = _appraisal(setting, train, extractors, truth)
    return found


def grade_cells(
    setting: Setting, arms: Sequence[Arm], train_cells: Mapping[tuple[str, str, int], Cell]
) -> dict[tuple[str, str, int], Cell]:
    """Return what counts the images that a judge takes for a group of classes, by (arm, fraction key, replicate).

    Those of generators and their twins; none where the task has no such group.
    """
    groups = class_groups(setting.task)
    drawn = {arm.info.id for arm in arms if arm.fill == "synthetic" and _appraised(arm)}
    return {
        place: _grading(setting, train, groups) for place, train in train_cells.items() if groups and place[0] in drawn
    }


def class_groups(task: Task) -> dict[str, list[str]]:
    """Return the groups of classes that endpoints of a task hold against all others, by name: ``gradable`` of fundus photographs.

    Of classes that exclude one another alone: of several findings a judge may see none.
    """
    if task.labels.kind == "multilabel":
        return {}
    return {
        endpoint.id.removeprefix("auroc_"): list(endpoint.classes)
        for endpoint in task.endpoints
        if endpoint.kind == "auroc" and len(endpoint.classes) > 1
    }


def _grading(setting: Setting, train: Cell, groups: Mapping[str, Sequence[str]]) -> Cell:
    key = {
        "fill": train.key["fill"],
        "labels": setting.task.labels.names,
        "groups": groups,
        **_code(setting, GRADING_CODE),
    }
    needs = {role: train.needs[role] for role in ("prepare", "sample")}
    judge = judge_cell(setting, train.needs["prepare"], train.needs["split"])
    return Cell("grade", key, {**needs, "judge": judge}, train.place)


def _truth(setting: Setting) -> dict[str, Cell]:
    """Return the learning of what the images of a phantom of ours were drawn by; nothing for any other source."""
    drawn_at = phantom_side(setting.source, setting.task.id)
    if drawn_at is None:
        return {}
    side = min(setting.track.image_size, TRUTH_SIDE)
    key = {
        "task": setting.task.id,
        "drawn_at": drawn_at,
        "size": setting.track.image_size,
        "channels": setting.task.channels,
        "patients": TRUTH_PATIENTS * side,
        "steps": TRUTH_STEPS * side,
        "seed": child_seed(setting.streams(1.0, FIRST).init_seed, "factors"),
        **_code(setting, (*TRUTH_CODE, f"{PHANTOMS}.{setting.task.id}")),
    }
    return {"truth": Cell("truth", key, {}, Place(), note="of the phantom")}


def geometry_cells(
    setting: Setting, arms: Sequence[Arm], train_cells: Mapping[tuple[str, str, int], Cell]
) -> dict[tuple[str, str], Cell]:
    """Return the measurements of how images change with their noise, by (arm, fraction key): of all variants that were fitted."""
    variants = {arm.info.id for arm in arms if arm.fill == "synthetic" and arm.execution is None}
    samples = {
        (name, fraction): train.needs["sample"]
        for (name, fraction, replicate), train in train_cells.items()
        if name in variants and replicate == FIRST
    }
    return {place: _geometry(setting, sample) for place, sample in samples.items() if "fit" in sample.needs}


def _geometry(setting: Setting, sample: Cell) -> Cell:
    key = {
        "images": GEOMETRY_IMAGES,
        "seed": sample.key["seeds"]["gen_sample"],
        **_code(setting, GEOMETRY_CODE),
    }
    needs = {"space": sample.needs["space"], "fit": sample.needs["fit"], "sample": sample}
    return Cell("geometry", key, needs, sample.place)


def _appraised(arm: Arm) -> bool:
    if arm.info.generator is None:
        return arm.info.id in OTHER_ARMS or arm.fill == RECONSTRUCTED
    return arm.fill == "synthetic" and str(arm.info.control) in APPRAISED_CONTROLS


def _appraisal(setting: Setting, train: Cell, extractors: Sequence[ExtractorChoice], truth: Mapping[str, Cell]) -> Cell:
    judge = judge_cell(setting, train.needs["prepare"], train.needs["split"])
    needs = {role: train.needs[role] for role in ("prepare", "split", "draw", "sample", "fill") if role in train.needs}
    needs |= truth
    fit = None if "sample" not in needs or needs["sample"].is_noisy else needs["sample"].needs.get("fit")
    if fit is not None:
        needs |= {"fit": fit, "space": fit.needs["space"]}
    key = {
        "fill": train.key["fill"],
        "label_kind": setting.task.labels.kind,
        "seed": child_seed(train.key["seeds"]["init_seed"], "appraisal"),
        "labels": setting.task.labels.names,
        **({"fits": TOO_SHORT} if setting.track.name == SMOKE else {}),
        **({"extractors": {one.name: one.sha256 for one in extractors}} if extractors else {}),
        **_code(setting, (*APPRAISAL_CODE, *([EXTRACTOR_CODE] if extractors else []))),
    }
    inputs = Inputs(weights={one.name: one.weights for one in extractors})
    return Cell("appraise", key, {**needs, "judge": judge}, train.place, inputs=inputs)


def judge_cell(setting: Setting, prepare: Cell, split: Cell) -> Cell:
    """Return the training of the judge, which is the same for every fraction and replicate of a track."""
    streams = setting.streams(1.0, FIRST)
    key = {
        "recipe": asdict(setting.track.recipe),
        "label_kind": setting.task.labels.kind,
        "seed": child_seed(streams.init_seed, "judge"),
        **_code(setting, JUDGE_CODE),
    }
    source = setting.source
    inputs = Inputs(path=source.prepared.path.absolute(), labels=setting.task.labels, split=source.split)
    needs = {"prepare": prepare, "split": split}
    return Cell("judge", key, needs, Place(), note="of synthetic images", inputs=inputs)


def _code(setting: Setting, modules: Sequence[str]) -> dict[str, Any]:
    return {
        "code": [*map(module_hash, STAGES_CODE), code_hash(*modules)],
        "libraries": libraries(*modules),
        "device": setting.device,
    }
