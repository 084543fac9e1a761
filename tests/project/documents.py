"""The code blocks of a Markdown file."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ANY_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```(?P<language>\w+)(?P<words>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words after it, its code, and the line on which the code begins."""

    language: str
    words: tuple[str, ...]
    code: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that the block is, where it says ``file=NAME``."""
        return next((word.removeprefix("file=") for word in self.words if word.startswith("file=")), None)


def all_blocks(document: Path) -> list[Block]:
    """Return the fenced blocks of ``document``, a path below the repository's root, that name a language."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [
        Block(found["language"], tuple(found["words"].split()), found["code"], text.count("\n", 0, found.start()) + 2)
        for found in FENCE.finditer(text)
    ]


def blocks(document: Path) -> dict[str, str]:
    """Return the code of the blocks of ``document`` that are files, by their names."""
    return {block.file: block.code for block in all_blocks(document) if block.file}


def commands(document: Path, program: str = "qaugbench") -> list[tuple[str, ...]]:
    """Return the words of every command of ``program`` in the blocks of ``document`` that name no language, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    lines = [
        line
        for found in ANY_FENCE.finditer(text)
        if not found["info"]
        for line in found["code"].replace("\\\n", "").splitlines()
    ]
    return [tuple(shlex.split(line, comments=True)) for line in lines if line.startswith(f"{program} ")]
