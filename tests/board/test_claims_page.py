"""The claims page: the paper's words from a generator's file, the findings from records, nothing written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qaugbench import definitions
from qaugbench.board.claims_page import HEADER, claims, claims_markdown, claims_text, is_published
from qaugbench.board.comparable import Submitted
from qaugbench.cards import GeneratorCard, build_card
from qaugbench.cli import main
from qaugbench.formatting import interval, signed
from qaugbench.record import BlockInfluence, Record
from tests.board.factory import write_run
from tests.board.tampering import change_record
from tests.project.documents import ROOT

CITATION = {"authors": "A. Author", "title": "A paper", "year": 2024, "claim": "It helps.", "data": "Digits."}
Call = Callable[..., tuple[int, str, str]]
WRITES = "qaugbench list claims --format markdown > docs/claims.md"


def card(name: str = "qldm", **changes: Any) -> GeneratorCard:
    """Return the card of a published generator with a variant; ``changes`` are of its table [generator]."""
    stated = {"id": name, "title": "A method", "kind": "hybrid", "fidelity": "faithful", "space": "pixels"}
    facts = {
        "deviations": [],
        "generator": {**stated, "controls": ["twin"], **changes},
        "citation": CITATION,
        "variant": {"as-released": {"deviations": []}},
    }
    return build_card(facts, f"{name}.toml")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    influence = BlockInfluence(
        seed_difference=9.0,
        controls={"twin": 0.5},
        mean_replaced=0.2,
        noise_replaced=0.3,
        parameter_share=0.1,
        n_images=8,
        n_replicates=3,
    )
    return write_run(
        tmp_path_factory.mktemp("claims"), phantom=False, id="a-run", influence={"10%": {"qldm": influence}}
    )


def test_a_finding_is_what_the_record_says(record: Record) -> None:
    (claim,) = claims([card()], [Submitted(Path("a-run"), record)])
    (finding,) = claim.findings
    scored = record.scores.fractions["10%"].endpoints["macro_auroc"]
    by_family = {one.family: one for one in scored.contrasts if one.arm == "qldm"}
    for family, shown in (("reference", finding.difference), ("control", finding.over_controls[0])):
        one = by_family[family]
        assert shown.startswith(f"{signed(one.estimate)} {interval(one.ci_low, one.ci_high)}")
    assert finding.over_controls[0].endswith(" from twin")
    assert finding.influence == "30 %"
    assert finding.verdict.startswith(scored.verdicts["qldm"].words)
    assert finding.verdict.endswith("(provisional)")
    assert (finding.board, finding.fraction, finding.replicates) == ("brainmri@1/nickparvar/lite", "10%", 3)
    assert claim.not_run == ("qldm:as-released",)


@pytest.mark.parametrize("changed", [False, True])
def test_a_record_of_other_settings_than_those_of_today_says_so(record: Record, *, changed: bool) -> None:
    (ran_with,) = (one.settings for one in record.generators if (one.id, one.control) == ("qldm", "none"))
    now = {**ran_with, "learning_rate": 0.5} if changed else ran_with
    today = replace(card(), hyper=now, tracks={"lite": {}})
    (claim,) = claims([today], [Submitted(Path("a-run"), record)])
    assert claim.findings[0].other_settings == changed
    assert ("with other settings than its file states now" in claim.findings[0].ran) == changed


def test_a_variant_s_finding_is_its_own(tmp_path: Path) -> None:
    record = write_run(tmp_path)
    renamed = json.loads(record.model_dump_json().replace('"qldm', '"qldm:as-released'))
    found = claims([card()], [Submitted(tmp_path, Record.model_validate(renamed))])
    assert [one.generator for one in found[0].findings] == ["qldm:as-released"]
    assert found[0].not_run == ("qldm",)
    assert "on no board: its images are a phantom's" in found[0].findings[0].ran


def test_what_is_not_known_and_what_was_not_run_is_said(record: Record) -> None:
    found = claims([card("mosaiq"), card()], [Submitted(Path("a-run"), record)])
    assert [claim.generator for claim in found] == ["mosaiq", "qldm"]
    assert (found[0].claim, found[0].data, found[0].seeds) == ("It helps.", "Digits.", "not stated in its file")
    rows = [line for line in claims_markdown(found).splitlines() if line.startswith("| A method")]
    cells = rows[0].strip("| ").split(" | ")
    assert len(cells) == len(HEADER)
    assert cells[5:] == ["mosaiq: not run <br> mosaiq:as-released: not run", "- <br> -", "- <br> -"]
    text = claims_text(found, 80)
    assert "not run: mosaiq, mosaiq:as-released" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"fidelity": "reconstruction"}, True),
        ({"fidelity": "original"}, False),
        ({"kind": "classical", "controls": []}, False),
    ],
)
def test_a_claim_is_a_paper_s_about_circuits(changes: dict[str, Any], expected: bool) -> None:
    assert is_published(card(**changes)) is expected


PUBLISHED = [one for one in definitions.usable_cards() if is_published(one)]


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda one: one.id)
def test_a_published_generator_states_its_claim_data_and_seeds(published: GeneratorCard) -> None:
    cited = published.citation
    assert cited is not None
    lacking = [key for key in ("claim", "data", "seeds") if not getattr(cited, key)]
    assert not lacking, f"{published.origin}, table [citation]: {lacking}; what is not public is said to be not known"


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call 'qaugbench list' in a folder, by default an empty one: the exit code, what it prints and its errors."""

    def called(*arguments: str, folder: Path = tmp_path) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["qaugbench", "list", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return called


def test_the_committed_page_is_what_the_command_writes(call: Call) -> None:
    code, page, _ = call("claims", "--format", "markdown", folder=ROOT)
    assert code == 0
    assert page == (ROOT / "docs" / "claims.md").read_text(encoding="utf-8"), f"write it again: {WRITES}"


def test_results_can_be_named_and_are_data_as_well(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path / "runs" / "mine", id="mine")
    _, said, _ = call("claims", "mine", "--json")
    rows = json.loads(said)["results"]
    found = {row["generator"]: row for row in rows}
    assert {row["list"] for row in rows} == {"claims"}
    assert [finding["record"] for finding in found["qldm"]["findings"]] == ["mine"]
    assert "not run: qldm" in call("claims")[1]


def _raise_a_mean(record: dict[str, Any]) -> None:
    record["scores"]["fractions"]["10%"]["endpoints"]["macro_auroc"]["arms"]["qldm"]["mean"] += 0.05


def test_a_changed_record_is_warned_of(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path / "mine")
    assert call("claims", "mine")[::2] == (0, "")
    change_record(tmp_path / "mine", _raise_a_mean)
    code, _, errors = call("claims", "mine")
    assert code == 1
    assert errors.startswith("warning: mine: this record was changed after it was written")


@pytest.mark.parametrize("arguments", [("runs", "mine"), ("runs", "--format", "markdown")])
def test_results_and_a_format_are_for_claims_alone(arguments: tuple[str, ...], call: Call) -> None:
    code, said, errors = call(*arguments)
    assert (code, said) == (2, "")
    assert "is for 'qaugbench list claims'" in errors
