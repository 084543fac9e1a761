"""Whether the class can be predicted from non-medical cues: an image's frame, file, size or origin."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from joblib import delayed

from qaugbench.child_processes import in_processes
from qaugbench.datasets.audit.held_out_auroc import held_out_auroc
from qaugbench.datasets.audit.image_facts import FRAME
from qaugbench.datasets.audit.report import Finding
from qaugbench.datasets.audit.scan import Scan
from qaugbench.datasets.prepared import PreparedData
from qaugbench.seeds import child_seed, numpy_generator

FOLDS = 5
MOST_IMAGES = 3000
"""Positives, and negatives, used per class; with more, the error would only be smaller than needed."""
FEWEST_IMAGES = 30
FEWEST_GROUPS = 2 * FOLDS
LEVEL = 0.01
TELLING = 0.6
"""A cue gets a note if the lower end of its interval is above this AUROC, and a warning above ``STRONG``."""
STRONG = 0.7
MOST_VALUES = 50
FEW_IMAGES = 2000
"""Up to this many images are processed here: starting other processes would take longer."""
ACQUISITION = frozenset(
    {
        "site",
        "hospital",
        "centre",
        "center",
        "institution",
        "manufacturer",
        "vendor",
        "model",
        "device",
        "scanner",
        "camera",
        "machine",
        "detector",
        "view",
        "position",
        "projection",
        "side",
        "eye",
        "laterality",
        "native_w",
        "native_h",
        "width",
        "height",
        "rows",
        "columns",
        "pixel_spacing",
        "bits",
        "photometric",
        "dataset",
        "database",
        "source",
        "licence",
        "license",
        "modality",
        "sequence",
        "field_strength",
        "kvp",
        "format",
    }
)
"""Columns, by name or by a part of it between underscores, that say how and where an image was acquired."""


@dataclass(frozen=True)
class Told:
    """How well one cue predicts one class: held-out AUROC, its standard error, and the best single column."""

    cue: str
    label: str
    auroc: float
    se: float
    best: str
    best_auroc: float


def confound_findings(
    prepared: PreparedData, scanned: Scan, groups: np.ndarray, *, jobs: int, seed: int
) -> tuple[list[Finding], list[Told]]:
    """Return one finding per cue that predicts a class, and how well each cue predicts each class.

    A cue is a set of columns: the 15 facts of the frame (the outermost 4 %, and black margins); the file (format, bits,
    JPEG quantisation); the size and shape; each column of labels.csv that says how an image was acquired. For each
    class, boosted trees are fitted to its images against the rest, in five folds by ``groups`` [N]. Chance is 0.5; a
    cue is reported if the lower end of its interval, at 1 % over all cues and classes together, is above 0.6.
    """
    rows = np.flatnonzero(scanned.readable)
    cues = _cues(prepared, scanned, rows)
    positive = prepared.labels[rows] > 0
    classes = [k for k in range(positive.shape[1]) if _enough(positive[:, k], groups[rows])]
    tasks = [(cue, k) for cue in cues for k in classes]
    columns = {cue: frame.to_numpy(dtype=np.float32) for cue, frame in cues.items()}
    if not tasks:
        return [], []
    calls = (
        delayed(_tell)(columns[cue], positive[:, k], groups[rows], child_seed(seed, "confound", cue, k))
        for cue, k in tasks
    )
    results = in_processes(calls, jobs if len(rows) > FEW_IMAGES else 1)
    told = []
    for (cue, k), (auroc, se, best, best_auroc) in zip(tasks, results, strict=True):
        told.append(Told(cue, prepared.label_names[k], auroc, se, str(cues[cue].columns[best]), best_auroc))
    reach = NormalDist().inv_cdf(1 - LEVEL / len(told))
    findings = [found for cue in cues if (found := _finding([one for one in told if one.cue == cue], reach))]
    return sorted(findings, key=lambda finding: -finding.facts["strongest"]), told


def _finding(told: list[Told], reach: float) -> Finding | None:
    telling = sorted((one for one in told if one.auroc - reach * one.se > TELLING), key=lambda one: -one.auroc)
    if not telling:
        return None
    top = telling[0]
    strong = top.auroc - reach * top.se > STRONG
    cue = top.cue if top.best in top.cue else f"{top.cue} ({top.best})"
    return Finding(
        "confound",
        "warning" if strong else "note",
        f"{cue} alone predicts the class, AUROC",
        "Chance is 0.50. Report such classes apart, crop or mask the cue, and do not read them as a success.",
        len(telling),
        len(told),
        unit="classes",
        offenders=tuple(f"{one.label} {one.auroc:.2f}" for one in telling),
        facts={
            "cue": top.cue,
            "strongest": round(top.auroc, 4),
            "classes": {
                one.label: {
                    "auroc": round(one.auroc, 4),
                    "se": round(one.se, 4),
                    "best_entry": one.best,
                    "best_entry_auroc": round(one.best_auroc, 4),
                }
                for one in told
            },
        },
    )


def _cues(prepared: PreparedData, scanned: Scan, rows: np.ndarray) -> dict[str, pd.DataFrame]:
    width, height = scanned.width[rows].astype(float), scanned.height[rows].astype(float)
    cues = {
        "the frame": pd.DataFrame(scanned.frame[rows], columns=list(FRAME)),
        "the file": pd.DataFrame(
            {
                "format": pd.factorize(scanned.format[rows], sort=True)[0],
                "bits": scanned.bits[rows],
                "quantisation": scanned.quantisation[rows],
                "colour": scanned.coloured[rows],
            }
        ),
        "the size": pd.DataFrame({"width": width, "height": height, "shape": width / np.maximum(height, 1)}),
    }
    for column in prepared.table.columns:
        if _says_how_made(str(column)):
            cues[f"column {column}"] = _coded(prepared.table[column].iloc[rows], str(column))
    varying = {cue: frame.loc[:, (frame != frame.iloc[0]).any()] for cue, frame in cues.items() if len(frame)}
    return {cue: frame for cue, frame in varying.items() if frame.shape[1]}


def _says_how_made(column: str) -> bool:
    name = column.casefold().replace(" ", "_")
    return name in ACQUISITION or any(part in ACQUISITION for part in name.split("_"))


def _coded(values: pd.Series, column: str) -> pd.DataFrame:
    """Return numbers as they are and each name as a 0/1 column; nothing for more than 50 names."""
    text = values.str.strip().reset_index(drop=True)
    numbers = pd.to_numeric(text, errors="coerce")
    if numbers.notna().all():
        return pd.DataFrame({column: numbers})
    if text.nunique() > MOST_VALUES:
        return pd.DataFrame(index=text.index)
    return pd.DataFrame({f"{column} {value or 'empty'}": text == value for value in sorted(text.unique())[:-1]})


def _enough(positive: np.ndarray, groups: np.ndarray) -> bool:
    sides = (positive, ~positive)
    return all(side.sum() >= FEWEST_IMAGES and len(np.unique(groups[side])) >= FEWEST_GROUPS for side in sides)


def _tell(columns: np.ndarray, positive: np.ndarray, groups: np.ndarray, seed: int) -> tuple[float, float, int, float]:
    """Return (AUROC, standard error, the best single column, its AUROC in the better direction)."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    rows = _drawn(positive, seed)
    x, y, group = columns[rows], positive[rows], groups[rows]
    scores, folds = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64)
    cut = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed % 2**32)
    for fold, (fitted, held_out) in enumerate(cut.split(x, y, group)):
        folds[held_out] = fold
        if len(np.unique(y[fitted])) < 2:
            continue
        trees = HistGradientBoostingClassifier(max_iter=40, max_depth=3, learning_rate=0.15, random_state=0)
        scores[held_out] = trees.fit(x[fitted], y[fitted]).predict_proba(x[held_out])[:, 1]
    auroc, se = held_out_auroc(scores, y, group, folds)
    alone = [held_out_auroc(x[:, c], y, group, np.zeros(len(y)))[0] for c in range(x.shape[1])]
    best = int(np.argmax(np.abs(np.array(alone) - 0.5)))
    return auroc, se, best, float(max(alone[best], 1 - alone[best]))


def _drawn(positive: np.ndarray, seed: int) -> np.ndarray:
    draw = numpy_generator(seed)
    sides = [np.flatnonzero(side) for side in (positive, ~positive)]
    kept = [side if len(side) <= MOST_IMAGES else draw.choice(side, MOST_IMAGES, replace=False) for side in sides]
    return np.sort(np.concatenate(kept))
