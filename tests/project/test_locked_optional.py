"""Optional arms and the second recipe of a published task are never edited in place either: their settings have locked hashes.

They are not part of the task's identity, so a change makes only their own numbers another thing. Where that is meant, write the
new hashes, ``python -m tests.project.test_locked_optional``, and say in the changelog which arms have to be run again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qaugbench import definitions
from qaugbench.augmentations import FURTHER
from qaugbench.files import json_text
from qaugbench.task import Task, canonical_hash

LOCKED = Path(__file__).with_name("locked_optional.json")
TASKS = [definitions.task(name) for name in definitions.names("tasks")]


def hashes(task: Task) -> dict[str, str]:
    """Return the hash of every optional setting of a task, by task and name, and of its recipe B, by task and track."""
    settings: dict[str, Any] = {}
    for track in task.tracks:
        optional = task.optional_identity(track)
        settings |= {f"{task.name}/{name}": value for name, value in optional["augmentations"].items()}
        settings |= {f"{task.name}/{name}": value for name, value in optional["losses"].items()}
        settings[f"{task.name}/{track}/recipe-b"] = optional["recipe_b"]
    return {name: canonical_hash(value) for name, value in settings.items()}


def test_optional_settings_are_those_that_were_locked() -> None:
    locked = json.loads(LOCKED.read_text(encoding="utf-8"))
    found = {name: value for task in TASKS for name, value in hashes(task).items()}
    assert {name: locked.get(name) for name in found} == found


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_every_task_has_the_settings_of_every_optional_arm(task: Task) -> None:
    assert [name for name in FURTHER if getattr(task.augmentations, name) is None] == []
    assert task.losses.focal is not None


if __name__ == "__main__":
    earlier = json.loads(LOCKED.read_text(encoding="utf-8")) if LOCKED.exists() else {}
    LOCKED.write_text(
        json_text(earlier | {name: value for task in TASKS for name, value in hashes(task).items()}), encoding="utf-8"
    )
