"""Leaderboards: order, ties, controls, the wall between phantom and real, and refusal of damaged entries."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qaugbench.board.board_table import rows_of, table, ties
from qaugbench.board.comparable import Submitted
from qaugbench.board.entry import submit
from qaugbench.board.leaderboard import build, page
from qaugbench.board.shared_reference import SharedReference
from qaugbench.errors import EntryError
from qaugbench.formatting import signed, unsigned
from qaugbench.record import BlockInfluence, Plateau
from tests.board.factory import write_run


def _submitted(tmp_path: Path, name: str, **facts: Any) -> Path:
    write_run(tmp_path / name, config_sha256=sha256(name.encode()).hexdigest(), **facts)
    return submit(tmp_path / name, tmp_path / "boards")


def _entry(tmp_path: Path, name: str, **facts: Any) -> Submitted:
    return Submitted(tmp_path / name, write_run(tmp_path / name, id=name, **{"phantom": False, **facts}))


def _table(text: str) -> list[list[str]]:
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines]


def test_rows_are_sorted_by_the_difference_with_controls_beneath(tmp_path: Path) -> None:
    entries = [_entry(tmp_path, name, replicates=2, seed=seed) for name, seed in (("one", 0), ("two", 3))]
    body = _table(page(entries))[2:]
    own = [row for row in body if row[0]]
    differences = [float(row[6].split()[0]) for row in own]
    assert len(own) == 4
    assert differences == sorted(differences, reverse=True)
    for row, beneath in pairwise(body):
        assert (row[1] == "qldm") == (beneath[1] == "↳ qldm:twin")


def _with_verdict(entry: Submitted, words: str, attribution: Any) -> Submitted:
    scores = entry.record.scores
    fraction = scores.fractions["10%"]
    endpoint = fraction.endpoints["macro_auroc"]
    verdict = endpoint.verdicts["qldm"]
    ladder = replace(verdict.ladder, verdict="SUPERIOR", reason=None, attribution=attribution)
    verdicts = {**endpoint.verdicts, "qldm": replace(verdict, words=words, ladder=ladder)}
    endpoints = {"macro_auroc": replace(endpoint, verdicts=verdicts)}
    changed = replace(scores, fractions={"10%": replace(fraction, endpoints=endpoints)})
    return Submitted(entry.path, entry.record.model_copy(update={"scores": changed}))


def test_the_verdict_is_the_ladders_for_generators_and_the_contrasts_for_controls(tmp_path: Path) -> None:
    entry = _entry(tmp_path, "one", replicates=5)
    contrasts = entry.record.scores.fractions["10%"].endpoints["macro_auroc"].contrasts
    (control,) = [one for one in contrasts if (one.arm, one.family) == ("qldm:twin", "reference")]
    words = {row[1]: row[8] for row in _table(page([_with_verdict(entry, "superior, below margin", None)]))}
    assert words["qldm"] == "superior, below margin (provisional)"
    assert words["↳ qldm:twin"] == f"no verdict: {control.reason} (provisional)"


@pytest.mark.parametrize(
    ("attribution", "said"),
    [
        ("QUANTUM-ATTRIBUTED", "quantum-attributed"),
        ("NOT-ATTRIBUTED", "not attributed"),
        ("NOT-TESTED", "not tested"),
        (None, ""),
    ],
)
def test_attribution_is_said_in_words(attribution: str | None, said: str, tmp_path: Path) -> None:
    entry = _with_verdict(_entry(tmp_path, "one", replicates=2), "helps", attribution)
    found = {row[1]: row[9] for row in _table(page([entry]))[2:]}
    assert found == {"qldm": said, "ddpm": "", "↳ qldm:twin": ""}


def test_moved_fraction_says_why(tmp_path: Path) -> None:
    entry = _entry(tmp_path, "moved", replicates=2)
    moved = entry.record.fractions[0].model_copy(update={"reason": "too few images of Hernia"})
    record = entry.record.model_copy(update={"fractions": [moved]})
    assert "too few images of Hernia." in page([Submitted(entry.path, record)])


def test_fewer_than_ten_replicates_are_provisional_and_not_adjusted(tmp_path: Path) -> None:
    text = page([_entry(tmp_path, "short", replicates=9), _entry(tmp_path, "long", replicates=10, seed=1)])
    rows = [row for row in _table(text) if row[0] not in ("rank", ":--", "")]
    assert {(row[13], "(provisional)" in row[8], row[7] == "-") for row in rows} == {
        ("9", True, True),
        ("10", False, False),
    }
    assert (
        "has 2 comparisons: the 2 rows on real data with at least 10 replicates, each against the R* of its board"
        in text
    )


def test_adjusted_p_is_never_below_that_of_the_interval_beside_it(tmp_path: Path) -> None:
    entries = [_entry(tmp_path, name, replicates=10, seed=seed) for name, seed in (("one", 0), ("two", 3))]
    scored = entries[0].record.scores.fractions["10%"].endpoints["macro_auroc"].contrasts
    own = {one.arm: one.p_value for one in scored if one.family == "reference"}
    rows = [row for row in _table(page(entries)) if row[0] and row[-1] == "`one`"]
    assert len(rows) == 2
    for row in rows:
        assert float(row[7].removeprefix("<")) >= round(own[row[1]], 3)


def test_means_over_tasks_stand_in_a_section_of_their_own(tmp_path: Path) -> None:
    tasks = enumerate(("brainmri", "kneeoa"))
    entries = [_entry(tmp_path, task, task=task, replicates=10, seed=number) for number, task in tasks]
    above, title, below = page(entries).partition("# Pooled over tasks\n")
    assert title
    assert "has 6 comparisons: the 4 rows on real data with at least 10 replicates and 2 means over tasks" in above
    assert "## lite, 10 % of the training patients" in below
    rows = _table(below)[2:]
    assert [(row[0], row[1]) for row in rows] == [(arm, "2 of 4 tasks: brainmri, kneeoa") for arm in ("ddpm", "qldm")]
    assert all(0 <= float(row[5].removeprefix("<")) <= 1 and row[7] == "10" for row in rows)


def test_one_task_has_no_section_on_means(tmp_path: Path) -> None:
    assert "Pooled" not in page([_entry(tmp_path, "one", replicates=2)])


@pytest.mark.parametrize("track", ["lite", "smoke"])
def test_no_board_lists_a_phantom_or_a_smoke_run(tmp_path: Path, track: str) -> None:
    entries = [
        _entry(tmp_path, "measured", replicates=2),
        _entry(tmp_path, "drawn", replicates=2, phantom=track == "lite"),
    ]
    board = entries[1].record.board.model_copy(update={"track": track})
    entries[1] = Submitted(entries[1].path, entries[1].record.model_copy(update={"board": board}))
    listed, title, below = page(entries).partition("# Not on a board\n")
    assert title
    assert "`measured`" in listed
    assert "`drawn`" not in listed
    assert below.strip().startswith("- `drawn`: ")
    assert "no evidence" in below


def test_entries_on_other_data_are_not_ranked_together(tmp_path: Path) -> None:
    first, second = (_entry(tmp_path, name, replicates=2, seed=seed) for seed, name in enumerate(("one", "two")))
    assert page([first, second]).count("## brainmri@1/nickparvar/lite") == 1
    data = second.record.data.model_copy(update={"manifest_sha256": "f" * 64})
    elsewhere = Submitted(second.path, second.record.model_copy(update={"data": data}))
    assert page([first, elsewhere]).count("## brainmri@1/nickparvar/lite") == 2


def test_damaged_entry_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    _submitted(tmp_path, "good", replicates=2)
    bad = _submitted(tmp_path, "bad", replicates=2, seed=1, real_seed=0)
    (bad / "predictions.npz").write_bytes(b"")
    with pytest.raises(EntryError, match=bad.name[-8:]):
        build(tmp_path / "boards", tmp_path / "page.md")
    assert not (tmp_path / "page.md").exists()


def test_page_is_written_and_does_not_depend_on_the_order_of_submission(tmp_path: Path) -> None:
    for seed, name in enumerate(("one", "two")):
        write_run(tmp_path / name, config_sha256=f"{seed}" * 64, replicates=2, seed=seed, real_seed=0)
    for folder, order in (("a", ("one", "two")), ("b", ("two", "one"))):
        for name in order:
            submit(tmp_path / name, tmp_path / folder)
    text = build(tmp_path / "a", tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == text == build(tmp_path / "b")


def test_the_order_of_entries_does_not_matter(tmp_path: Path) -> None:
    tasks = ("brainmri", "kneeoa", "brainmri")
    entries = [_entry(tmp_path, str(n), task=task, replicates=10, seed=n) for n, task in enumerate(tasks)]
    assert page(entries) == page(entries[::-1])


def test_entries_with_other_test_images_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    _submitted(tmp_path, "one", kind="multilabel", replicates=2, phantom=False)
    _submitted(tmp_path, "two", kind="multilabel", replicates=2, phantom=False, seed=1)
    with pytest.raises(EntryError, match=r"entries/.* and .*entries/.* are on one board.*the label of test image"):
        build(tmp_path / "boards", tmp_path / "page.md")
    assert not (tmp_path / "page.md").exists()


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([(1, 1)], "One row: there is nothing to rank."),
        ([(1, 2), (1, 2)], "Both rows are tied."),
        ([(1, 3)] * 3, "All 3 rows are tied."),
        ([(1, 1), (2, 3), (2, 3)], "One row is ahead of all others."),
        # Ahead of the second, which is ahead of the third, but not of the third: no winner.
        ([(1, 2), (2, 2), (2, 3)], "No row is ahead of all others: 1 of 3 may be first."),
    ],
)
def test_there_is_a_winner_only_when_its_rank_set_is_1(spans: list[tuple[int, int]], said: str) -> None:
    assert ties(spans) == said


def test_missing_root_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(EntryError, match="There is no folder"):
        build(tmp_path / "nowhere")


def test_the_reference_is_named_above_the_table_and_its_values_stand_in_it(tmp_path: Path) -> None:
    entry = _entry(tmp_path, "one", replicates=3)
    scored = entry.record.scores.fractions["10%"]
    reference = str(scored.reference.arm)
    text = page([entry])
    mean = unsigned(scored.reference.validation_means[reference])
    assert f"The reference R* is {reference}, the best on validation ({mean})" in text
    rows = {row[1]: row for row in _table(text)[2:]}
    assert rows["ddpm"][5] == unsigned(scored.endpoints["macro_auroc"].arms[reference].mean)


def test_the_difference_from_classical_augmentation_has_a_column_of_its_own(tmp_path: Path) -> None:
    entry = _entry(tmp_path, "one", replicates=3)
    header, _, *body = _table(page([entry]))
    assert header[12] == "Δ vs R+ [95 % CI], not matched for computing"
    contrasts = entry.record.scores.fractions["10%"].endpoints["macro_auroc"].contrasts
    stated = {one.arm: one.estimate for one in contrasts if one.family == "augmented"}
    assert {row[1].removeprefix("↳ "): row[12].split()[0] for row in body} == {
        arm: signed(stated[arm]) for arm in ("qldm", "ddpm", "qldm:twin")
    }


def test_disagreement_on_the_reference_is_said_under_the_table(tmp_path: Path) -> None:
    own = {Path("a"): "R+", Path("b"): "R+cm"}
    entry = _entry(tmp_path, "one", replicates=3)
    said = table(rows_of(entry, "10%"), SharedReference("R+cm", 0.9, own), {}, {})[-1]
    assert said.startswith("The entries chose different references by themselves (`a` R+, `b` R+cm).")
    assert "All rows are measured from R+cm" in said


def test_the_circuits_influence_has_a_column_and_an_unfinished_classifier_a_note(tmp_path: Path) -> None:
    entry = _entry(tmp_path, "one", replicates=3)
    influence = BlockInfluence(
        seed_difference=20.0,
        controls={"frozen": 0.004},
        mean_replaced=0.002,
        noise_replaced=0.003,
        parameter_share=0.01,
        n_images=100,
        n_replicates=3,
    )
    plateau = Plateau(fraction="10%", replicate=0, steps=450, gains={"R+": 0.021}, gain=0.021, limit=0.005, climbs=True)
    changes = {"influence": {"10%": {"qldm": influence}}, "plateau": [plateau]}
    text = page([Submitted(entry.path, entry.record.model_copy(update=changes))])
    cells = {row[1]: row[10] for row in _table(text)[2:]}
    assert cells == {"qldm": "0.30 %", "ddpm": "", "↳ qldm:twin": ""}
    assert "doubling its steps still gains +.021 on validation" in text


def test_entries_made_by_other_classifier_code_never_share_a_table(tmp_path: Path) -> None:
    first, second = (_entry(tmp_path, name, replicates=3, seed=seed) for seed, name in enumerate(("one", "two")))
    other = Submitted(second.path, second.record.model_copy(update={"recipe_sha256": "f" * 64}))
    text = page([first, other])
    assert text.count("## brainmri@1/nickparvar/lite") == 2
    assert "classifier `ffffffffffff`" in text
    assert "classifier `eeeeeeeeeeee`" in text


def test_an_entry_whose_classifier_is_unknown_is_named_and_on_no_board(tmp_path: Path) -> None:
    entry = _entry(tmp_path, "one", replicates=3)
    unknown = Submitted(entry.path, entry.record.model_copy(update={"recipe_sha256": None}))
    text = page([unknown])
    assert "| qldm |" not in text
    assert "- `one`: its record does not state which code trained the classifier; run it again." in text


def test_links_among_the_entries_are_refused(tmp_path: Path) -> None:
    entry = _submitted(tmp_path, "good", replicates=2)
    moved = entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(moved)
    with pytest.raises(EntryError, match="is a link"):
        build(tmp_path / "boards")
