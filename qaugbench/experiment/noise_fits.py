"""The stage of a fit under noise: as any fit, but circuits run under the execution that the cell's key writes down."""

from __future__ import annotations

import json
from typing import Any

from qaugbench.circuits.written import as_executed
from qaugbench.experiment.cells import EARLIER, Cell
from qaugbench.experiment.stages import safetensors_bytes
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import STATE, new_model, real_images
from qaugbench.experiment.under_way import UnderWay


def fit(cell: Cell, store: Store) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fit one generator on the replicate's real images while its circuits run under noise; it resumes as any fit does."""
    from qaugbench.generators.shared.noisy_fit import NoisyModel
    from qaugbench.generators.training.checkpoint import Checkpoint

    data = real_images(cell, store)
    plain = new_model(cell, store, data.images.shape[1:], data.labels.shape[1])
    model = NoisyModel(plain, as_executed(cell.key["execution"]))
    unfinished = store.unfinished("fit", cell.name)
    checkpoint = Checkpoint(unfinished)
    course = model.fit(data, seed=cell.key["seeds"]["gen_fit"], progress=UnderWay(unfinished), checkpoint=checkpoint)
    files = {STATE: safetensors_bytes(model.state()), "curve.json": json.dumps(course.curve, allow_nan=False).encode()}
    found = course.diagnostics
    facts = {"parameters": model.parameter_counts(), "diagnostics": found.to_dict(), "remark": found.remark}
    return files, {**facts, EARLIER: checkpoint.earlier}
