"""The reader of entries meets anything: it refuses in one line, and never fails in another way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from qaugbench.board.bundle import MANIFEST_FILE, Entry
from qaugbench.board.consistent import inconsistencies
from qaugbench.board.protocol import departures
from qaugbench.board.reader import Bundle, read_bundle
from qaugbench.board.safe_text import fault_of, tidied, unsafe
from qaugbench.errors import EntryError
from qaugbench.npz_archive import members
from qaugbench.record import parse_facts
from qaugbench.untrusted import parse_json
from tests.board.tampering import repair_manifest
from tests.cli.committed import committed_entry, copied_entry

FILE = Path("entry.json")
FACTS: dict[str, Any] = json.loads((committed_entry() / "entry.json").read_text(encoding="utf-8"))
FACTS["record"]["scores"]["fractions"] = {}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([[], {}, [None], {"": 0}, "<script>", "\u202e", "10%", "R+", 0, -1, 1e308, [[[]]]]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
EVERYTHING = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


@pytest.fixture(scope="module")
def honest() -> Bundle:
    return read_bundle(committed_entry())


def _changed(value: Any, draw: Any) -> Any:
    """Return a JSON value with one part of it, wherever it is, removed, exchanged or added."""
    here = draw(st.booleans()) if isinstance(value, dict | list) and value else True
    if here or not isinstance(value, dict | list):
        return draw(VALUES)
    if isinstance(value, dict):
        key = draw(st.sampled_from(sorted(value)))
        kind = draw(st.sampled_from(["inside", "inside", "inside", "gone", "renamed"]))
        rest = {name: item for name, item in value.items() if name != key}
        if kind == "gone":
            return rest
        return {**rest, (draw(st.text(max_size=10)) if kind == "renamed" else key): _changed(value[key], draw)}
    number = draw(st.integers(0, len(value) - 1))
    return [*value[:number], _changed(value[number], draw), *value[number + 1 :]]


def _read(content: bytes, honest: Bundle) -> None:
    """Do what verify does of an entry before it looks at predictions."""
    entry = parse_facts(content, FILE, Entry)
    for fault in (
        *unsafe(parse_json(content, FILE)),
        *inconsistencies(entry.record),
        *departures(entry.record, honest.predictions),
    ):
        raise EntryError(fault)


def _check(content: bytes, honest: Bundle) -> None:
    said = ""
    try:
        _read(content, honest)
    except EntryError as error:
        said = str(error)
    assert said.isprintable()  # so in one line
    assert len(said) < 1_000


@hypothesis.settings(max_examples=150)
@hypothesis.given(data=st.data())
def test_one_changed_part_of_an_entry(data: st.DataObject, honest: Bundle) -> None:
    content = json.dumps(_changed(FACTS, data.draw)).encode()
    _check(content, honest)


@hypothesis.settings(max_examples=100)
@hypothesis.given(value=EVERYTHING)
def test_any_json(value: Any, honest: Bundle) -> None:
    _check(json.dumps(value).encode(), honest)


@hypothesis.settings(max_examples=100)
@hypothesis.given(content=st.binary(max_size=200))
def test_any_bytes(content: bytes, honest: Bundle) -> None:
    _check(content, honest)
    with pytest.raises(ValueError):
        members(content)


@hypothesis.settings(max_examples=100)
@hypothesis.given(text=st.text(max_size=100))
def test_any_text_is_tidied_into_one_that_can_be_shown(text: str) -> None:
    assert fault_of(tidied(text)) is None
    assert tidied(tidied(text)) == tidied(text)


@pytest.fixture(scope="module")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an entry whose files are changed and brought back, one byte at a time."""
    return copied_entry(tmp_path_factory.mktemp("flipped"))


@hypothesis.settings(max_examples=25)
@hypothesis.given(
    name=st.sampled_from(["entry.json", "predictions.npz", "manifest.json"]),
    place=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
)
def test_one_flipped_bit_is_found(name: str, place: float, bit: int, flipped: Path) -> None:
    before = (flipped / name).read_bytes()
    content = bytearray(before)
    content[int(place * len(content))] ^= 1 << bit
    (flipped / name).write_bytes(bytes(content))
    try:
        with pytest.raises(EntryError) as refused:
            read_bundle(flipped)
        assert "\n" not in str(refused.value)
    finally:
        (flipped / name).write_bytes(before)


def test_a_million_rows_are_refused(tmp_path: Path) -> None:
    entry = Path(shutil.copytree(committed_entry(), tmp_path / committed_entry().name))
    facts = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
    facts["record"]["failures"] = [{"stage": "fit", "name": "x", "outcome": "error", "reason": "y"}] * 1_000_000
    (entry / "entry.json").write_text(json.dumps(facts), encoding="utf-8")
    repair_manifest(entry)
    with pytest.raises(EntryError, match=r"holds more than 3,000,000 values|bytes; at most") as refused:
        read_bundle(entry)
    assert "\n" not in str(refused.value)


def test_a_schema_of_the_future_is_refused(tmp_path: Path) -> None:
    entry = Path(shutil.copytree(committed_entry(), tmp_path / committed_entry().name))
    for name, change in (("entry.json", {"schema_version": 99}), (MANIFEST_FILE, {"schema_version": 99})):
        facts = json.loads((entry / name).read_text(encoding="utf-8"))
        (entry / name).write_text(json.dumps({**facts, **change}), encoding="utf-8")
        if name == "entry.json":
            repair_manifest(entry)
        with pytest.raises(EntryError, match="schema_version") as refused:
            read_bundle(entry)
        assert "\n" not in str(refused.value)
