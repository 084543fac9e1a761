"""Leaderboards: order, ties, controls, the wall between phantom and real, and refusal of damaged entries."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qaugbench.board.entry import submit
from qaugbench.board.leaderboard import build, rank_ranges
from qaugbench.errors import EntryError
from tests.board.factory import write_run
from tests.board.tampering import change_record


def _submitted(tmp_path: Path, name: str, **facts: Any) -> Path:
    write_run(tmp_path / name, id=name, **facts)
    return submit(tmp_path / name, tmp_path / "boards")


def _table(text: str) -> list[list[str]]:
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines]


def test_rows_are_sorted_by_the_difference_with_controls_beneath(tmp_path: Path) -> None:
    _submitted(tmp_path, "one", replicates=2, phantom=False)
    _submitted(tmp_path, "two", replicates=2, phantom=False, seed=3)
    body = _table(build(tmp_path / "boards"))[2:]
    own = [row for row in body if row[0]]
    differences = [float(row[6].split()[0]) for row in own]
    assert len(own) == 4
    assert differences == sorted(differences, reverse=True)
    for row, beneath in pairwise(body):
        assert (row[1] == "qldm") == (beneath[1] == "↳ qldm:twin")


def test_quantum_row_without_controls_says_so(tmp_path: Path) -> None:
    _submitted(tmp_path, "alone", replicates=2, phantom=False, arms=("R", "R+", "R+cm", "ddpm", "qldm"))
    marked = {row[1]: row[8] for row in _table(build(tmp_path / "boards"))[2:]}
    assert marked == {"qldm": "attribution not tested", "ddpm": ""}


def test_moved_fraction_says_why(tmp_path: Path) -> None:
    entry = _submitted(tmp_path, "moved", replicates=2, phantom=False)
    change_record(entry, lambda record: record["fractions"][0].update(reason="too few images of Hernia"))
    assert "too few images of Hernia." in build(tmp_path / "boards")


def test_fewer_than_ten_replicates_are_provisional(tmp_path: Path) -> None:
    _submitted(tmp_path, "short", replicates=9, phantom=False)
    _submitted(tmp_path, "long", replicates=10, phantom=False, seed=1)
    provisional = {(row[9], "(provisional)" in row[7]) for row in _table(build(tmp_path / "boards"))[2:]}
    assert provisional == {("9", True), ("10", False)}


def test_phantom_boards_stand_apart_under_a_banner(tmp_path: Path) -> None:
    _submitted(tmp_path, "drawn", replicates=2)
    _submitted(tmp_path, "measured", replicates=2, phantom=False)
    above, banner, below = build(tmp_path / "boards").partition("> **PHANTOM DATA: not evidence.**")
    assert banner
    assert "`measured`" in above
    assert "`drawn`" not in above
    assert "`drawn`" in below
    assert "`measured`" not in below


def test_entries_on_other_data_are_not_ranked_together(tmp_path: Path) -> None:
    first = _submitted(tmp_path, "first", replicates=2, phantom=False)
    second = _submitted(tmp_path, "second", replicates=2, phantom=False, seed=1)
    assert build(tmp_path / "boards").count("## brainmri@1/nickparvar/lite") == 1
    change_record(second, lambda record: record["data"].update(manifest_sha256="f" * 64))
    assert first.exists()
    assert build(tmp_path / "boards").count("## brainmri@1/nickparvar/lite") == 2


def test_damaged_entry_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    _submitted(tmp_path, "good", replicates=2)
    bad = _submitted(tmp_path, "bad", replicates=2, seed=1)
    (bad / "predictions.npz").write_bytes(b"")
    with pytest.raises(EntryError, match="bad"):
        build(tmp_path / "boards", tmp_path / "page.md")
    assert not (tmp_path / "page.md").exists()


def test_page_is_written_and_does_not_depend_on_the_order_of_submission(tmp_path: Path) -> None:
    for folder, order in (("a", ("one", "two")), ("b", ("two", "one"))):
        for name in order:
            write_run(tmp_path / name, id=name, replicates=2, seed=len(name) + ord(name[0]))
            submit(tmp_path / name, tmp_path / folder)
    text = build(tmp_path / "a", tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == text == build(tmp_path / "b")


def test_ranks_of_overlapping_intervals_are_ranges() -> None:
    assert rank_ranges([(0.02, 0.04), (0.01, 0.03), (-0.02, 0.0)]) == [(1, 2), (1, 2), (3, 3)]


intervals = st.lists(
    st.tuples(st.floats(-1, 1), st.floats(0, 1)).map(lambda x: (x[0], x[0] + x[1])), min_size=1, max_size=6
)


@given(intervals)
def test_sorted_place_lies_in_the_rank_range(found: list[tuple[float, float]]) -> None:
    found.sort(key=lambda pair: -(pair[0] + pair[1]))
    for place, (first, last) in enumerate(rank_ranges(found), start=1):
        assert 1 <= first <= place <= last <= len(found)


def test_missing_root_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(EntryError, match="There is no folder"):
        build(tmp_path / "nowhere")
