"""What a page says, for tests: its sentences, its table headers, its text outside code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

BLOCKS = ("p", "li", "figcaption", "summary", "h1", "h2", "h3", "h4", "th", "td", "dt", "dd", "footer")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
VOID = ("meta", "img", "br", "link", "hr", "source")


class PageText(HTMLParser):
    """Collects (tag, text) of every block of a page; what is in ``style``, ``pre`` or ``code`` is left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.blocks: list[tuple[str, str]] = []
        self._open: list[str] = []
        self._text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self._flush()
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._flush()
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if not {"style", "pre", "code", "svg"} & set(self._open):
            self._text.append(data)

    def _flush(self) -> None:
        text = " ".join("".join(self._text).split())
        block = next((tag for tag in reversed(self._open) if tag in BLOCKS), "")
        if text:
            self.blocks.append((block, text))
        self._text = []

    def sentences(self) -> Iterator[str]:
        """Yield every sentence of five words or more outside tables."""
        for tag, text in self.blocks:
            if tag not in ("th", "td"):
                yield from (sentence for sentence in SENTENCE.split(text) if len(sentence.split()) >= 5)
