"""How far a fit is that is being computed, perhaps on another machine: noted beside its checkpoint, read for the time left."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

NOTED_S = 10.0
"""Time between two notes in seconds."""
NOTE = "under-way.json"


@dataclass(frozen=True)
class HowFar:
    """``done`` of ``of`` training steps, each of which took ``step_s`` seconds of late."""

    done: int
    of: int
    step_s: float


class UnderWay:
    """A progress that keeps a note in ``folder`` of how far a fit is; a fit that is done sooner leaves none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._noted_at = time.monotonic()
        self._noted: int | None = None

    def __call__(self, step: int, total: int, loss: float) -> None:
        now = time.monotonic()
        if self._noted is None:  # the first step may follow on those of an earlier attempt
            self._noted, self._noted_at = step, now
        elif now - self._noted_at >= NOTED_S and step > self._noted:
            self._write(HowFar(step, total, (now - self._noted_at) / (step - self._noted)))
            self._noted, self._noted_at = step, now

    def _write(self, far: HowFar) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._folder / f"{NOTE}.{os.getpid()}.tmp"
        temporary.write_text(json.dumps(asdict(far)), encoding="utf-8")
        temporary.replace(self._folder / NOTE)


def how_far(folder: Path) -> HowFar | None:
    """Return the note that ``UnderWay`` left in ``folder``; None if there is none that can be read."""
    try:
        return HowFar(**json.loads((folder / NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
