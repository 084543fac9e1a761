"""Texts that others wrote and boards display: what may be in them, and how a run's own texts are brought into that form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from qaugbench.errors import shown

LONGEST_NAME, LONGEST_SENTENCE = 200, 4_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+:@%=~,()/-]*")
NAMES = frozenset(
    {"id", "task", "source", "track", "key", "role", "generator", "control", "kind", "fidelity", "space_arm", "arm"}
    | {
        "space_twin_of",
        "names",
        "fraction",
        "stage",
        "model",
        "classes",
        "package",
        "qaugbench",
        "python",
        "commit",
        "created",
    }
)
"""Fields that name something: of the letters of one alphabet, so that no two names look alike."""
MARKUP = {
    "HTML": re.compile(r"<[A-Za-z/!?]|&#|&[A-Za-z]+;"),
    "an address that runs code": re.compile(r"(?:java|vb)script\s*:|\bdata\s*:\s*[\w.+-]+/", re.IGNORECASE),
    "Markdown": re.compile(r"\]\(|\]\[|!\[|[`|]|\*\*|^\s*[#>]"),
    "LaTeX": re.compile(r"\\[A-Za-z@]|\^\^|\$[^$]*\$"),
    "a formula of a spreadsheet": re.compile(r"^\s*[=@]"),
}
CODE = re.compile(r"`[\w.:@%+-]+`")
"""A word between backticks, as in the notes on a source: the one thing of Markdown that may be there."""
INSTEAD = str.maketrans(
    {
        "<": "‹",
        ">": "›",
        "`": "'",
        "|": "/",
        "\\": "/",
        "&": "+",
        "*": "·",
        "#": "№",
        "^": "ˆ",
        "[": "(",
        "]": ")",
        "$": "S",
    }
)
"""What takes the place of a character of markup in what a run wrote itself, such as the message of an exception."""
NO_ALPHABET = frozenset({"MICRO", "MODIFIER", "FEMININE", "MASCULINE"})
"""First words of the names of letters that go with those of any alphabet."""
SPACED = frozenset({"Cc", "Cf", "Zl", "Zp"})
REFUSED = SPACED | {"Cs", "Co", "Cn"}
STACKED = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{2}")
"""Marks on one letter that NFC does not merge with it."""


def unsafe(value: Any, where: str = "entry.json") -> Iterator[str]:
    """Yield what of the texts in a JSON ``value``, keys included, cannot be displayed, as sentences without a full stop."""
    if isinstance(value, dict):
        for key, item in value.items():
            if len(key) > LONGEST_NAME:
                yield f"{shown(where, 120)} has a key of {len(key):,} characters, over {LONGEST_NAME}"
            yield from _faults(key, f"{where}, a key")
            yield from _of_field(item, key, f"{where}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from unsafe(item, f"{where}[{number}]")
    elif isinstance(value, str):
        yield from _faults(value, where)


def _of_field(item: Any, key: str, where: str) -> Iterator[str]:
    if key in NAMES and isinstance(item, str):
        yield from _faults(item, where, is_name=True)
    elif key in NAMES and isinstance(item, list) and all(isinstance(one, str) for one in item):
        for one in item:
            yield from _faults(one, where, is_name=True)
    else:
        yield from unsafe(item, where)


def _faults(text: str, where: str, *, is_name: bool = False) -> Iterator[str]:
    fault = fault_of(text, is_name=is_name)
    if fault is not None:
        yield f"{shown(where, 120)} {fault}: {shown(ascii(text), 120)}"


def fault_of(text: str, *, is_name: bool = False) -> str | None:
    """Return why a text cannot be displayed, in words that follow its place; None where it can.

    >>> fault_of("see <script>"), fault_of("Fréchet distance"), fault_of("qldm\\u200b", is_name=True)
    ('holds HTML', None, 'holds characters that cannot be seen or are not assigned')
    """
    longest = LONGEST_NAME if is_name else LONGEST_SENTENCE
    if len(text) > longest:
        return f"has {len(text):,} characters, over the {longest:,} of a {'name' if is_name else 'text'}"
    if text.isascii() and text.isprintable():
        pass
    elif any(unicodedata.category(letter) in REFUSED for letter in text):
        return "holds characters that cannot be seen or are not assigned"
    elif not unicodedata.is_normalized("NFC", text):
        return "is not in the normal form of Unicode (NFC)"
    elif STACKED.search(text):
        return "stacks marks on one letter"
    elif any(len(_alphabets(word)) > 1 for word in re.findall(r"[^\W\d_]+", text)):
        return "mixes the letters of two alphabets in one word"
    if is_name and text and not NAME.fullmatch(text):
        return "is no name: letters and digits of ASCII and signs such as . _ + : -, no sign first"
    plain = CODE.sub("", text)
    return next((f"holds {what}" for what, pattern in MARKUP.items() if pattern.search(plain)), None)


def _alphabets(word: str) -> set[str]:
    """Return the alphabets of a word's letters, by the first word of their Unicode names."""
    return {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()} - NO_ALPHABET


def tidied(text: str) -> str:
    """Return what a run wrote itself as it can be displayed: normalised, on one line, without markup, cut where it is too long.

    >>> tidied("no <class 'X'>\\nhere"), tidied("macro-AUROC")
    ("no ‹class 'X'› here", 'macro-AUROC')
    """
    if fault_of(text) is None:
        return text
    spaced = "".join(" " if unicodedata.category(letter) in SPACED else letter for letter in text)
    seen = "".join(letter for letter in spaced if unicodedata.category(letter) not in REFUSED)
    plain = shown(unicodedata.normalize("NFC", seen), LONGEST_SENTENCE)
    if fault_of(plain) is None:
        return plain
    plain = MARKUP["an address that runs code"].sub("(address)", plain.translate(INSTEAD)).lstrip(" =@")
    return plain if fault_of(plain) is None else plain.encode("ascii", "replace").decode("ascii")
