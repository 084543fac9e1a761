"""Changes to an entry or a run folder, with the hashes that would give them away repaired or not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.board.bundle import ENTRY_FILE, MANIFEST_FILE, PREDICTIONS_FILE, manifest_text
from qaugbench.files import json_text
from qaugbench.predictions import FractionPredictions, PredictionSet, read_predictions


def change_record(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Apply ``change`` to the record of an entry or a run folder, and repair the manifest where there is one."""
    file = folder / ENTRY_FILE if (folder / ENTRY_FILE).exists() else folder / "record.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    change(facts["record"] if file.name == ENTRY_FILE else facts)
    file.write_text(json_text(facts), encoding="utf-8")
    repair_manifest(folder)


def change_predictions(folder: Path, change: Callable[[PredictionSet], PredictionSet]) -> None:
    """Apply ``change`` to the predictions, and repair the hash in the record and the manifest."""
    file = folder / PREDICTIONS_FILE
    content = change(read_predictions(file)).to_bytes()
    file.write_bytes(content)
    change_record(folder, lambda record: record.update(predictions_sha256=hashlib.sha256(content).hexdigest()))


def change_logits(predicted: PredictionSet, key: str, change: Callable[[np.ndarray], None]) -> PredictionSet:
    """Return predictions with ``change`` applied to a copy of the test logits [A, R, N, K] at one fraction."""
    part = predicted.fractions[key]
    logits = part.test_logits.copy()
    change(logits)
    return replace(predicted, fractions={**predicted.fractions, key: FractionPredictions(logits, part.val_logits)})


def repair_manifest(folder: Path) -> None:
    """Make the manifest fit the files again; a run folder has none."""
    if (folder / MANIFEST_FILE).exists():
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST_FILE}
        (folder / MANIFEST_FILE).write_text(manifest_text(files), encoding="utf-8")
