"""Checkpoints inside a fit: written whole every few minutes, so that a killed fit resumes to the same bits."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import torch

EVERY_S = 120.0
SPENT = "spent"


class Checkpoint:
    """One file in ``folder``. When it is written has no effect on any number.

    ``every_s`` is the time between two writes in seconds; 0 writes after every step. The file also says how long it took to get
    that far, in all attempts.
    """

    def __init__(self, folder: Path, *, every_s: float = EVERY_S, is_part: bool = False) -> None:
        self._folder = folder
        self._every_s = every_s
        self._started = self._written_at = time.monotonic()
        self._cpu_started = time.process_time()
        self._earlier = (0.0, 0.0)
        self._parts: list[Checkpoint] = []
        self.is_part = is_part

    def part(self, name: str) -> Checkpoint:
        """Return the checkpoint of one part of a fit that consists of several; a finished part is written too."""
        part = Checkpoint(self._folder / name, every_s=self._every_s, is_part=True)
        self._parts.append(part)
        return part

    @property
    def earlier(self) -> tuple[float, float]:
        """Wall and processor time in seconds of earlier attempts, up to the states that were read."""
        times = [self._earlier, *(part.earlier for part in self._parts)]
        return sum(wall for wall, _ in times), sum(cpu for _, cpu in times)

    @property
    def is_due(self) -> bool:
        """Whether the last write, or the start, is long enough ago."""
        return time.monotonic() - self._written_at >= self._every_s

    def write(self, state: dict[str, Any]) -> None:
        """Write ``state`` (tensors, numbers, text, lists and dictionaries of them) whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._folder / f"fit.{os.getpid()}.tmp"
        try:
            torch.save({**state, SPENT: self._spent()}, temporary)
            temporary.replace(self._folder / "fit.pt")
        finally:
            temporary.unlink(missing_ok=True)
        self._written_at = time.monotonic()

    def read(self, device: torch.device | str) -> dict[str, Any] | None:
        """Return the last state written, on ``device``; None if there is none or the file cannot be read."""
        path = self._folder / "fit.pt"
        if not path.is_file():
            return None
        try:
            state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        except Exception:  # a cut or foreign file may raise anything; the fit then starts at its first step
            path.unlink(missing_ok=True)
            return None
        wall_s, cpu_s = state.pop(SPENT, (0.0, 0.0))
        self._earlier = (wall_s, cpu_s)
        return state

    def _spent(self) -> tuple[float, float]:
        wall_s, cpu_s = self._earlier
        return wall_s + time.monotonic() - self._started, cpu_s + time.process_time() - self._cpu_started
