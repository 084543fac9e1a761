"""A published task is never edited in place: what is fixed about it has a locked hash for every version and track."""

from __future__ import annotations

import json
from pathlib import Path

from qaugbench import definitions
from qaugbench.task import canonical_hash

LOCKED = Path(__file__).with_name("locked_tasks.json")


def test_tasks_are_those_that_were_locked() -> None:
    """Where this fails because of a change that moves numbers: raise the task's version and add its hashes to the file."""
    found = {
        f"{task.name}/{track}": canonical_hash(task.track_identity(track))
        for task in map(definitions.task, definitions.names("tasks"))
        for track in task.tracks
    }
    locked = json.loads(LOCKED.read_text(encoding="utf-8"))
    assert {name: locked.get(name) for name in found} == found
