"""What is the same on every machine: seeds, rows, labels and the names of cells. No trained number is pinned.

Code and libraries are frozen, so that only a change of what determines a cell moves its name. Where that is meant, write
the file again: ``python -m tests.experiment.test_golden``; every stored result is then computed anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest import mock

from qaugbench.experiment import replicate_cells
from qaugbench.experiment.replicate import replicate_rows
from qaugbench.files import json_text
from tests.experiment.small import GROUPS, LABELS, small_choice, small_plan, small_setting

GOLDEN = Path(__file__).with_name("golden.json")


def found() -> dict[str, Any]:
    """Return everything that is pinned, for two generators and two replicates of the small task."""
    frozen = {"code_hash": "code", "module_hash": "module", "libraries": {"library": "1"}}
    with mock.patch.multiple(
        replicate_cells, **{name: mock.Mock(return_value=value) for name, value in frozen.items()}
    ):
        plan = small_plan(small_setting(), small_choice(), small_choice("ldm", controls=()), plateau_check=True)
    return {
        "cells": {"/".join(map(str, place)): cell.name for place, cell in plan.train_cells.items()},
        "longer": {"/".join(map(str, place)): cell.name for place, cell in plan.plateau_cells.items()},
        "config": plan.config_sha256,
        "seeds": {str(replicate): asdict(plan.setting.streams(0.25, replicate)) for replicate in (0, 1)},
        "draws": {str(replicate): _draw(replicate) for replicate in (0, 1)},
    }


def _draw(replicate: int) -> dict[str, Any]:
    setting = small_setting()
    streams = setting.streams(0.25, replicate)
    rows = replicate_rows(
        LABELS,
        GROUPS,
        setting.source.split.train,
        setting.draw(0.25),
        subset=streams.subset,
        synthetic_labels=streams.synthetic_labels,
    )
    drawn_labels = hashlib.sha256(LABELS[rows.drawn].astype("<f4").tobytes()).hexdigest()
    return {"real": rows.real.tolist(), "oracle": rows.oracle.tolist(), "drawn_labels": drawn_labels}


def test_golden_run() -> None:
    assert found() == json.loads(GOLDEN.read_text(encoding="utf-8"))


if __name__ == "__main__":
    GOLDEN.write_text(json_text(found()), encoding="utf-8")
