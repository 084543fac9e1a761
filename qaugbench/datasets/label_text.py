"""Labels as people and their tools write them. Signs, question marks and blanks are never dropped to make one fit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from qaugbench.errors import near_names

_LETTER, _WORD = r"[^\W\d_]", r"[^\W_]"
_SPELLINGS = {"tumour": "tumor", "oedema": "edema"}
MISSING = frozenset({"", "nan", "<na>", "nat", "null", "none"})
"""How pandas, R and databases write that there is no value."""
NO_FINDING = frozenset({"nofinding", "nofindings"})
"""The column in which chest X-ray labels say that nothing was found, squeezed."""
DECIDE = (
    "Write 0 or 1. What an uncertain (-1) or a not mentioned (blank) finding counts as is for you to decide; leave out the "
    "images for which you cannot."
)


def canonical(name: str) -> str:
    """Return the form in which class names are compared: lower case, one underscore between words.

    >>> canonical("Pleural Thickening") == canonical("pleural_thickening"), canonical("-1")
    (True, '-1')
    """
    return re.sub(rf"(?<={_WORD})(?:[\s_-]+(?={_LETTER})|(?:[\s_]+|-)(?=\d))", "_", name.strip().casefold())


def squeezed(name: str) -> str:
    """Return ``name`` in lower case and American spelling, without the separators between its words.

    Other marks are kept, as are those between two digits: -1 is not 1, and 1-2 is not 12.

    >>> squeezed("No_Tumour") == squeezed("notumor"), squeezed("<2"), squeezed("KL 2")
    (True, '<2', 'kl2')
    """
    text = name.strip().casefold()
    for british, american in _SPELLINGS.items():
        text = text.replace(british, american)
    between = rf"(?<={_WORD})[\s_./-]+(?={_LETTER})|(?<={_LETTER})(?:[\s_./]+|-)(?=\d)"
    return re.sub(between, "", text)


def whole_number(text: str) -> str | None:
    """Return a whole number of at least 0 without zero decimals (pandas and NumPy write them); None for anything else.

    >>> [whole_number(text) for text in ("2", "2.0", "2.000e+00", "2.5", "-1", "<2", "1?", "02", "")]
    ['2', '2', '2', None, None, None, None, None, None]
    """
    found = re.fullmatch(r"(?:0|[1-9]\d{0,8})(?:\.\d*)?(?:[eE][+-]?\d{1,3})?", text.strip())
    number = float(text) if found else 0.5
    return str(int(number)) if number.is_integer() else None


def zero_or_one(text: str) -> int | None:
    """Return 0 or 1 for a finding written as a number or a truth value; None for anything else.

    >>> [zero_or_one(text) for text in ("0", "1.0", "True", "false", "-1", "", "yes")]
    [0, 1, 1, 0, None, None, None]
    """
    return {"0": 0, "1": 1, "false": 0, "true": 1}.get(whole_number(text) or text.strip().lower())


def other_spelling(written: str, name: str) -> bool:
    """Return whether a class was ``written`` otherwise than its ``name``; a number with zero decimals is not.

    >>> other_spelling("No Tumor", "notumor"), other_spelling("2.0", "2")
    (True, False)
    """
    return written.strip() != name and whole_number(written) != name


def is_missing(text: str) -> bool:
    """Return whether ``text`` is how programs write a missing value."""
    return text.strip().lower() in MISSING


def class_finder(
    names: Sequence[str],
    titles: Sequence[str],
    others: Mapping[str, str] | None = None,
    *,
    written: Sequence[str] = (),
) -> Callable[[str], str | None]:
    """Return a function from a label as written to its class, or to None where it means none or could mean several.

    A class may be written by name or title, in any case, with any separators between words, in British or American
    spelling; a number with zero decimals; and with or without the words that several titles share: "tumour" for "No
    tumour" and "Pituitary tumour". So may the words be that several of the labels ``written`` in one place share: "KL" for
    "KL0" and "KL1". ``others`` maps further spellings, squeezed, to classes.

    >>> find = class_finder(["glioma", "notumor", "pituitary"], ["Glioma", "No tumour", "Pituitary tumour"])
    >>> [find(label) for label in ("glioma_tumor", "No Tumor", "pituitary tumors", "tumor", "glioma?")]
    ['glioma', 'notumor', 'pituitary', None, None]
    """
    meant: dict[str, set[str]] = {}
    spelled = [*zip(map(_key, names), names, strict=True), *zip(map(_key, titles), names, strict=True)]
    for key, name in [*spelled, *(others or {}).items()]:
        meant.setdefault(key, set()).add(name)
    known = {key: next(iter(found)) for key, found in meant.items() if len(found) == 1}
    shared = _shared_words(titles) | _shared_words(written)

    def find(label: str) -> str | None:
        key = _key(label)
        if label in names or key in meant or not key.isalnum():
            return label if label in names else known.get(key)
        words = [word[:-1] if word.endswith("s") and word[:-1] in shared else word for word in _words(label)]
        return known.get("".join(words)) or known.get("".join(word for word in words if word not in shared))

    return find


def matching_classes(written: Sequence[str], names: Sequence[str]) -> dict[str, str | None]:
    """Return for each class as ``written`` in one place the one of ``names`` that it means, or None for none or several.

    Classes match as ``class_finder`` says; the ``names`` may have the words that several of them share, or lack them.

    >>> matching_classes(["Glioma_tumor", "No Tumor", "cyst", "-1"], ["glioma", "notumor", "1"])
    {'Glioma_tumor': 'glioma', 'No Tumor': 'notumor', 'cyst': None, '-1': None}
    >>> matching_classes(["KL0", "KL1"], ["0", "1"]), matching_classes(["0", "1"], ["KL 0", "KL 1"])
    ({'KL0': '0', 'KL1': '1'}, {'0': 'KL 0', '1': 'KL 1'})
    """
    shared = _shared_words(names)
    plain = ["".join(word for word in _words(name) if word not in shared) for name in names]
    others = {short: name for short, name in zip(plain, names, strict=True) if short and plain.count(short) == 1}
    find = class_finder(names, names, others, written=written)
    return {word: find(word) for word in written}


def _key(name: str) -> str:
    return whole_number(name) or squeezed(name)


def _shared_words(of: Sequence[str]) -> set[str]:
    """Return the words, but no numbers, that several have."""
    counts = Counter(word for one in of for word in set(_words(one)))
    return {word for word, count in counts.items() if count > 1 and word.isalpha()}


def known_classes(label: str, names: Sequence[str]) -> str:
    """Return the sentence that lists ``names``, with near matches to a word; numbers have none.

    >>> known_classes("-1", ["0", "1"])
    ' Known: 0, 1.'
    """
    return near_names(label if any(letter.isalpha() for letter in "".join(names)) else "", names)


def _words(text: str) -> list[str]:
    """Return the words and the numbers of ``text``, squeezed: "KL 0" and "KL0" have two."""
    return [squeezed(word) for word in re.findall(rf"{_LETTER}+|\d+", text)]
