"""Texts that are displayed: no markup of any kind, no letter that hides, in no field; and what a run wrote itself is tidied."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qaugbench.board.entry import submit
from qaugbench.board.safe_text import fault_of, tidied, unsafe
from qaugbench.board.verify import verify
from qaugbench.errors import EntryError
from qaugbench.record import CellOutcome
from tests.board.factory import write_run
from tests.board.tampering import change_record
from tests.cli.committed import committed_entry, copied_entry

INJECTIONS = {
    "a script": "<script>alert(1)</script>",
    "an image with a handler": '<img src=x onerror="alert(1)">',
    "an end of a comment": "--><svg/onload=alert(1)>",
    "an entity": "&lt;script&gt; and &#60;",
    "an address that runs": "see JavaScript:alert(1)",
    "a page in an address": "data:text/html,hello",
    "a link": "[the paper](http://a.example)",
    "a picture": "![x](http://a.example/x.png)",
    "a heading": "# Leaderboards",
    "a cell of a table": "best | 1.000 | 1.000",
    "bold": "**first**",
    "code": "`a b` and ``` c",
    "a LaTeX command": "\\input{/etc/passwd}",
    "mathematics": "$\\alpha$ or $x$",
    "a character by its number": "^^5cinput",
    "a formula": "=HYPERLINK(1)",
    "a zero-width space": "qldm\u200b",
    "text from right to left": "qldm \u202egnissim",
    "a tag of language": "qldm\U000e0041",
    "a line break": "one\ntwo",
    "a line separator": "one\u2028two",
    "terminal codes": "\x1b[31mred",
    "a private letter": "\ue000",
    "a letter in two parts": "Fre\u0301chet",
    "stacked marks": "a\u0323\u0307\u0308\u0330 b",
    "two alphabets in one word": "qldm d\u0435epest",
    "an essay": "long " * 1_000,
}


@pytest.mark.parametrize("name", INJECTIONS)
def test_an_injection_is_refused_wherever_it_is(name: str) -> None:
    assert fault_of(INJECTIONS[name]) is not None
    tidy = tidied(INJECTIONS[name])
    assert fault_of(tidy) is None, tidy


def _texts(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every text in a JSON value; of a list only to the first."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*way, key))
    elif isinstance(value, list):
        yield from _texts(value[0], (*way, 0)) if value else ()
    elif isinstance(value, str):
        yield way


FACTS = {
    key: value
    for key, value in json.loads((committed_entry() / "entry.json").read_text(encoding="utf-8"))["record"].items()
    if key != "scores"
}
WAYS = list(_texts(FACTS))
PAYLOADS = list(INJECTIONS)


def test_every_text_field_is_looked_at() -> None:
    assert len(WAYS) > 50
    assert list(unsafe(FACTS)) == []


@pytest.mark.parametrize(("number", "way"), list(enumerate(WAYS)), ids=[".".join(map(str, way)) for way in WAYS])
def test_no_field_takes_an_injection(number: int, way: tuple[Any, ...]) -> None:
    for payload in (INJECTIONS["a script"], INJECTIONS[PAYLOADS[number % len(PAYLOADS)]]):
        facts = copy.deepcopy(FACTS)
        inside: Any = facts
        for key in way[:-1]:
            inside = inside[key]
        inside[way[-1]] = payload
        (found,) = unsafe(facts)
        assert found.isascii() or found.isprintable()
        assert "\n" not in found


def test_keys_are_texts_too() -> None:
    (found,) = unsafe({"packages": {"<b>numpy": "2.0"}})
    assert "a key holds HTML" in found


@pytest.mark.parametrize(
    "text",
    [
        "Fréchet distance",
        "Müller, J. & Ødegård (2024).",
        "Δ of 5 µm",
        "χ² < 3",
        "see https://a.example/b?c=1&d=2",
        "a < b",
        "pi * tanh",
        "Column `group_split` of labels.csv",
        "β-VAE",
        "45 % of C:",
    ],
)
def test_honest_texts_are_left_alone(text: str) -> None:
    assert fault_of(text) is None
    assert tidied(text) == text


@pytest.mark.parametrize(
    "name", ["qldm", "R+rec:latent-4x8x8", "P-shuf:folder:mine", "10%", "brainmri@2", "qldm:as-released:twin"]
)
def test_honest_names_are_names(name: str) -> None:
    assert fault_of(name, is_name=True) is None


@pytest.mark.parametrize("name", ["qldм", "Ｑldm", "-qldm", " qldm", "ql{dm}", "x" * 201])
def test_names_that_look_like_others_are_refused(name: str) -> None:
    assert fault_of(name, is_name=True) is not None


def test_verify_and_show_refuse_an_entry_with_a_script(tmp_path: Path) -> None:
    entry = copied_entry(tmp_path)
    change_record(entry, lambda record: record["environment"].update(processor="<script>alert(1)</script>"))
    with pytest.raises(EntryError, match=r"record\.environment\.processor holds HTML") as refused:
        verify(entry)
    assert "\n" not in str(refused.value)


def test_what_a_library_said_in_a_run_is_tidied_in_its_entry(tmp_path: Path) -> None:
    failure = CellOutcome(stage="fit", name="x 10% r0", outcome="error", reason="no <class 'X'>\n| at line 3")
    write_run(tmp_path / "run", replicates=2, failures=[failure])
    entry = submit(tmp_path / "run", tmp_path / "out")
    assert verify(entry).record.failures[0].reason == "no ‹class 'X'›   at line 3".replace("   ", " / ")
