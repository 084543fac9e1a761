"""Claims: which process works on what, seen by every machine that shares the file system.

A claim is a file that only one process can create; while its holder lives, it touches the file. Locks of the operating system
are not used, since many network file systems keep them to one machine or do not have them. That a process is dead is known at
once on its own machine, and on others by its silence, measured with the clock of the file system.

Should two processes ever hold one claim (a machine that was frozen and woke up), both compute the same bits, and the store
keeps those of the first.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

import psutil

BEAT_S = 20.0
"""How often a holder touches its claim."""
SILENT_S = 300.0
"""A claim that was not touched for so long is abandoned; network file systems show a change up to a minute late."""


@dataclass(frozen=True)
class Holder:
    """The process that made a claim; ``token`` tells apart two claims of one process."""

    host: str
    process: int
    token: str

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}"


class Claim:
    """A claim that this process holds until ``release``."""

    def __init__(self, path: Path, holder: Holder) -> None:
        self.path, self.holder = path, holder
        self._released = threading.Event()
        self._beating = threading.Thread(target=self._beat, daemon=True)
        self._beating.start()

    def release(self) -> None:
        """Give the claim back, unless another process has taken it meanwhile."""
        self._released.set()
        self._beating.join()
        if holder_of(self.path) == self.holder:
            self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._released.wait(BEAT_S):
            if holder_of(self.path) != self.holder:
                return
            try:
                os.utime(self.path)
            except OSError:  # a network file system may be away for a while
                continue


def take(path: Path) -> Claim | None:
    """Return the claim on ``path``, or None while a living process holds it; what a dead one left is taken over."""
    mine = Holder(host(), os.getpid(), uuid4().hex)
    if _create(path, mine):
        return Claim(path, mine)
    held = holder_of(path)
    if is_abandoned(path) and _remove(path, held) and _create(path, mine):
        return Claim(path, mine)
    return None


def holder_of(path: Path) -> Holder | None:
    """Return who holds the claim; None if nobody does, or its file does not say (yet)."""
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_abandoned(path: Path) -> bool:
    """Return whether the claim is there although its holder is dead: gone from this machine, or silent elsewhere."""
    held = holder_of(path)
    if held is not None and held.host == host() and not is_alive(held.process):
        return True
    try:
        return _now(path.parent) - path.stat().st_mtime > SILENT_S
    except FileNotFoundError:
        return False


def remove_abandoned(folder: Path) -> None:
    """Remove the claims in ``folder`` whose holders are dead."""
    for path in folder.glob("*.lock*"):
        held = holder_of(path)
        if is_abandoned(path):
            _remove(path, held)


def host() -> str:
    """Return the name of this machine."""
    return socket.gethostname()


def is_alive(process: int) -> bool:
    """Return whether a process of this machine still runs; one that was killed and not yet collected does not."""
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _create(path: Path, holder: Holder) -> bool:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(holder), file)
    return True


def _remove(path: Path, judged: Holder | None) -> bool:
    """Remove the claim of ``judged``; return False, and leave what is there, if another process was faster."""
    aside = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    if holder_of(aside) != judged:
        aside.rename(path)
        return False
    aside.unlink(missing_ok=True)
    return True


def _now(folder: Path) -> float:
    """Return the time by the clock that dates the files in ``folder``, which may be another machine's."""
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime
