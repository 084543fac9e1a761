"""Entries in the form of Every Eval Ever: what its schema 0.3.0 requires, types, and that numbers are the record's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from qaugbench.errors import EntryError
from qaugbench.exports.every_eval_ever import exported, write_export
from qaugbench.record import Record
from tests.board.factory import write_run

RESULTS = Path(__file__).parents[2] / "results"
TOP = {
    "schema_version",
    "evaluation_id",
    "retrieved_timestamp",
    "source_metadata",
    "model_info",
    "eval_library",
    "evaluation_results",
}
OPTIONAL = {"evaluation_timestamp", "detailed_evaluation_results"}
REQUIRED = {
    "source_metadata": {"source_type", "source_organization_name", "evaluator_relationship"},
    "eval_library": {"name", "version"},
    "model_info": {"name", "id", "additional_details"},
}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return write_run(
        tmp_path_factory.mktemp("eee"), "ordinal", phantom=False, id="an-entry", replicates=3, command="qaugbench run"
    )


@pytest.fixture(scope="module")
def files(record: Record) -> dict[str, dict[str, Any]]:
    return {name: json.loads(text) for name, text in exported(record).items()}


def _details(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every table of free facts, of which the schema takes texts only."""
    if isinstance(value, dict):
        yield from (one for name, one in value.items() if name in ("additional_details", "details"))
        for one in value.values():
            yield from _details(one)
    elif isinstance(value, list):
        for one in value:
            yield from _details(one)


def test_one_file_per_generator_and_control(files: dict[str, Any]) -> None:
    assert sorted(files) == ["an-entry/ddpm.json", "an-entry/qldm--twin.json", "an-entry/qldm.json"]


def test_what_the_schema_requires_is_there_and_nothing_that_it_refuses(files: dict[str, Any]) -> None:
    for found in files.values():
        assert set(found) >= TOP
        assert set(found) <= TOP | OPTIONAL
        for name, needed in REQUIRED.items():
            assert needed <= set(found[name])
        assert found["source_metadata"]["source_type"] in ("documentation", "evaluation_run")
        assert found["source_metadata"]["evaluator_relationship"] in (
            "first_party",
            "third_party",
            "collaborative",
            "other",
        )
        assert {"deployment_type", "model_availability"} <= set(found["model_info"]["additional_details"])
        for one in found["evaluation_results"]:
            assert {"evaluation_name", "source_data", "metric_config", "score_details"} <= set(one)
            assert one["source_data"]["source_type"] == "other"
            metric = one["metric_config"]
            assert metric["lower_is_better"] is False
            assert metric["score_type"] == "continuous"
            assert metric["min_score"] <= one["score_details"]["score"] <= metric["max_score"]
            assert set(one["generation_config"]["generation_args"]) <= {"execution_command"}
        assert all(isinstance(text, str) for table in _details(found) for text in table.values())


def test_the_numbers_are_the_record_s(files: dict[str, Any], record: Record) -> None:
    found = files["an-entry/qldm.json"]["evaluation_results"]
    scored = record.scores.fractions["10%"].endpoints["macro_auroc"]
    (own,) = [one for one in scored.contrasts if (one.arm, one.family) == ("qldm", "reference")]
    value, difference, kappa = (one["score_details"] for one in found[:3])
    assert value["score"] == scored.arms["qldm"].mean
    assert difference["score"] == own.estimate
    limits = difference["uncertainty"]["confidence_interval"]
    assert (limits["lower"], limits["upper"], limits["confidence_level"]) == (own.ci_low, own.ci_high, 0.95)
    assert difference["uncertainty"]["standard_error"]["value"] == own.se
    assert kappa["score"] == record.scores.fractions["10%"].endpoints["qwk"].arms["qldm"].mean
    assert len(found) == 4
    assert found[2]["metric_config"]["min_score"] == -1


def test_the_time_is_that_of_the_run(files: dict[str, Any], record: Record) -> None:
    when = datetime.fromisoformat(record.environment.created).timestamp()
    assert {int(found["retrieved_timestamp"]) for found in files.values()} == {int(when)}


def test_what_has_no_place_is_said_beside_the_files(tmp_path: Path) -> None:
    written = write_export(RESULTS, tmp_path / "out")
    assert len(written) == 7
    assert "intention to treat" in (tmp_path / "out" / "NOT-MAPPED.md").read_text(encoding="utf-8")
    with pytest.raises(EntryError, match="is there already"):
        write_export(RESULTS, tmp_path / "out")
