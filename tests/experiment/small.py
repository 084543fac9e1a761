"""A source, a task and a plan that hold no image and depend on no shipped file but the facts of generators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qaugbench import definitions
from qaugbench.datasets.formats.archive import FolderArchive
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.splits import Split
from qaugbench.experiment.arms import GeneratorChoice, SpaceChoice
from qaugbench.experiment.plan import Plan, make_plan
from qaugbench.experiment.replicate_cells import Setting
from qaugbench.experiment.source import OpenedSource
from qaugbench.recipe import Augment, Recipe
from qaugbench.record import DataFacts
from qaugbench.task import Endpoint, KnownPlateau, LabelSpace, Task, Track

N = 240
CLASSES = ("low", "middle", "high")
GROUPS = np.arange(N) // 2
"""Two images of each of 120 patients."""
LABELS = np.eye(3, dtype=np.float32)[np.array([0, 0, 1, 0, 1, 2])[GROUPS % 6]]
"""Half of the patients are low, a third middle, a sixth high."""
AUGMENT = Augment(flip=True, rotate_degrees=5.0, translate=0.0, scale=0.0, brightness=0.0, contrast=0.0, erase=0.0)
RECIPE = Recipe(model="test_resnet", steps=10, batch_real=8, learning_rate=1e-3, augment=AUGMENT, warmup_steps=2)
TRACK = Track(
    "smoke",
    image_size=8,
    fractions=(0.25,),
    replicates=2,
    phantom_patients=0,
    recipe=RECIPE,
    plateau=KnownPlateau(reached="yes", found="as the test wants it"),
)
TASK = Task(
    id="small",
    version=1,
    title="Small",
    question="How high?",
    default_source="made",
    channels=1,
    labels=LabelSpace("multiclass", CLASSES, CLASSES),
    endpoints=(Endpoint("macro_auroc", "macro-AUROC", "macro_auroc", CLASSES, margin=0.01),),
    balance="tailfill",
    balance_kappa=4.0,
    ratio=1.0,
    tracks={"smoke": TRACK},
)
SPACE = SpaceChoice("latent", {"steps": 3, "batch_size": 4, "channels": 8}, "latent-small", is_identity=False)


def small_split(test_from: int = 204) -> Split:
    """Return a split by row: train, from 168 on val, from ``test_from`` on test."""
    rows = np.arange(N)
    return Split("own", "by row", rows[:168], rows[168:test_from], rows[test_from:], False, 0, "0" * 64)


def small_source(
    *, manifest: str = "1" * 64, phantom: bool = False, split: Split | None = None, path: str = "made"
) -> OpenedSource:
    """Return the opened source ``made``; its images are nowhere."""
    files = tuple(f"images/{i:03}.png" for i in range(N))
    prepared = PreparedData(
        name="made",
        path=Path(path),
        table=pd.DataFrame({"filename": files, "patient_id": GROUPS.astype(str)}),
        labels=LABELS,
        label_names=CLASSES,
        groups=GROUPS.astype(np.int64),
        group_names=tuple(str(group) for group in range(N // 2)),
        group_column="patient_id",
        files=files,
        archive=FolderArchive.__new__(FolderArchive),
    )
    vars(prepared)["_read_once"] = (
        tuple(f"{manifest[:60]}{i:04}" for i in range(N)),
        0,
    )  # as if every file had been read
    facts = DataFacts(
        source="made",
        phantom=phantom,
        description="made",
        manifest_sha256=manifest,
        split_sha256="0" * 64,
        split_how="by row",
        leaky=False,
        crossing_groups=0,
        patients_known=True,
        n_images={},
        n_groups={},
        class_counts={},
    )
    return OpenedSource(prepared, split or small_split(), facts, files, "made")


def small_choice(name: str = "qldm", controls: tuple[str, ...] = ("twin", "frozen"), **hyper: Any) -> GeneratorChoice:
    """Return a generator with few settings of its own: the plan does not ask what its class would make of them."""
    card = definitions.generator_card(name)
    settings = {"steps": 3, "batch_size": 4, **hyper}
    card = replace(card, controls=controls, hyper={}, tracks={"smoke": settings})
    return GeneratorChoice(card, name, f"qaugbench.generators.{name}", identity={}, space=SPACE)


def small_setting(task: Task = TASK, source: OpenedSource | None = None, device: str = "cpu", **track: Any) -> Setting:
    """Return the setting of a small run; ``track`` replaces fields of the track."""
    changed = replace(TRACK, **track)
    task = replace(task, tracks={"smoke": changed})
    return Setting(task, changed, source or small_source(), device)


def small_plan(setting: Setting | None = None, *choices: GeneratorChoice, replicates: int = 2, **options: Any) -> Plan:
    """Return the plan of a small run at a quarter of the patients."""
    options = {"fractions": (0.25,), "runnable": lambda labels, fraction, ladder: (fraction, None), **options}
    return make_plan(setting or small_setting(), choices or (small_choice(),), replicates=replicates, **options)
