"""What a record says twice must agree, and every number must be one that a run can have."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from qaugbench.board.consistent import inconsistencies
from qaugbench.board.entry import submit
from qaugbench.board.verify import verify
from qaugbench.errors import EntryError
from qaugbench.record import Record
from qaugbench.report.html import write_report
from tests.board.factory import ARMS, SPACES, predictions_for, unscored, write_run
from tests.board.tampering import change_record

PLATEAU = {
    "fraction": "10%",
    "replicate": 0,
    "steps": 80,
    "gains": {"R+cm": 0.02, "R+os": 0.01},
    "gain": 0.015,
    "limit": 0.005,
    "climbs": True,
}
INFLUENCE = {
    "seed_difference": 20.0,
    "controls": {"twin": 0.5},
    "mean_replaced": 0.5,
    "noise_replaced": None,
    "parameter_share": 0.1,
    "n_images": 64,
    "n_replicates": 3,
}
GEOMETRY = {
    "effective_rank": 20.5,
    "effective_rank_se": 0.5,
    "participation_ratio": 11.0,
    "participation_ratio_se": 0.5,
    "first_share": 0.2,
    "first_share_se": 0.01,
    "directions": 24,
    "dimension": 256,
    "points": 8,
    "reason": None,
}
FAILURE = {"stage": "fit", "name": "ddpm 10% r0", "outcome": "error", "reason": "it failed"}


def facts(kind: str = "multiclass") -> dict[str, Any]:
    """Return an honest record as JSON has it, with a plateau, an influence and a failure."""
    record = unscored(predictions_for(kind, ARMS, ("10%",)), kind)
    found: dict[str, Any] = record.model_dump(mode="json")
    added = {
        "plateau": [PLATEAU],
        "influence": {"10%": {"qldm": INFLUENCE}},
        "geometry": {"10%": {"qldm": GEOMETRY}},
        "failures": [FAILURE],
    }
    return {**found, **deepcopy(added)}


def said(changed: dict[str, Any]) -> list[str]:
    return list(inconsistencies(Record.model_validate_json(json.dumps(changed), strict=True)))


def put(*way: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change that puts the last of ``way`` where the others lead."""

    def change(changed: Any) -> None:
        for key in way[:-2]:
            changed = changed[key]
        changed[way[-2]] = way[-1]

    return change


def judged(arm: str, *replicates: int, group: str = "tumour", key: str = "10%") -> Callable[[dict[str, Any]], None]:
    """Return a change that has a judge count, for an endpoint of two classes, the images of an arm in some replicates."""

    def change(changed: dict[str, Any]) -> None:
        classes = ["glioma", "meningioma"]
        changed["endpoints"].append(
            {**changed["endpoints"][0], "id": "auroc_tumour", "kind": "auroc", "classes": classes}
        )
        counts = [{"replicate": one, "count": 3, "n": 9, "real": 0.5} for one in replicates]
        changed["judged"] = {key: {group: {arm: counts}}}

    return change


WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no training images": (lambda r: r["data"]["n_images"].pop("train"), "data.n_images"),
    "a part of its own": (put("data", "n_groups", "secret", 7), "data.n_groups"),
    "more groups than images": (put("data", "n_groups", "train", 201), "data.n_groups.train"),
    "leaky without a group": (put("data", "leaky", True), "data.leaky"),
    "groups that cross a clean split": (put("data", "crossing_groups", 9), "data.leaky"),
    "counts of an unknown class": (put("data", "class_counts", "teeth", {"train": 1}), "data.class_counts"),
    "counts of one class less": (lambda r: r["data"]["class_counts"].pop("glioma"), "data.class_counts"),
    "counts beyond the images": (put("data", "class_counts", "glioma", "train", 10**6), "data.class_counts.glioma"),
    "counts that do not add up": (put("data", "class_counts", "glioma", "train", 1), "in all"),
    "another fraction than its key": (put("fractions", 0, "used", 0.5), "fractions 10%"),
    "a fraction above 1": (put("fractions", 0, "requested", 3.0), "fractions 10%"),
    "more training images than there are": (put("fractions", 0, "n_real", 201), "n_real"),
    "an endless margin": (put("endpoints", 0, "margin", 1e300), "margin"),
    "no margin at all": (put("endpoints", 0, "margin", 0.0), "margin"),
    "a class twice": (put("endpoints", 0, "classes", ["glioma", "glioma"]), "a class twice"),
    "two oracles": (put("arms", 0, "role", "oracle"), "'oracle'"),
    "a classical arm with circuits": (put("arms", 0, "kind", "quantum"), "'R'"),
    "a generator without its none": (put("arms", 6, "control", None), "'qldm'"),
    "a control of another generator": (put("arms", 7, "generator", "ddpm"), "'qldm:twin'"),
    "no generators": (put("generators", []), "generators and arms differ"),
    "a generator twice": (lambda r: r["generators"].append(r["generators"][0]), "generators and arms differ"),
    "a generator of another kind": (put("generators", 1, "kind", "classical"), "generators and arms differ"),
    "fewer than no parameters": (put("generators", 0, "parameters", {"total": -5}), "negative"),
    "a gain that is no mean": (put("plateau", 0, "gain", -0.5), "do not follow"),
    "a climb denied": (put("plateau", 0, "climbs", False), "do not follow"),
    "a plateau elsewhere": (put("plateau", 0, "fraction", "33%"), "plateau at 33%"),
    "a plateau of no steps": (put("plateau", 0, "steps", 0), "do not follow"),
    "influence below zero": (put("influence", "10%", "qldm", "mean_replaced", -1.0), "no measurement"),
    "influence of half a replicate": (put("influence", "10%", "qldm", "n_replicates", 0), "no measurement"),
    "influence of more than all parameters": (
        put("influence", "10%", "qldm", "parameter_share", 7.0),
        "no measurement",
    ),
    "influence of no generator": (put("influence", "10%", "nothing", INFLUENCE), "influence.10%.nothing"),
    "influence of a classical generator": (put("influence", "10%", "ddpm", INFLUENCE), "influence.10%.ddpm"),
    "influence elsewhere": (put("influence", "20%", {"qldm": INFLUENCE}), "influence.20%"),
    "influence against no control": (put("influence", "10%", "qldm", "controls", {"zzz": 0.3}), "controls"),
    "counts of no group of classes": (judged("qldm", 0, group="teeth"), "judged.10%.teeth"),
    "counts elsewhere": (judged("qldm", 0, key="20%"), "judged.20%.tumour"),
    "counts of an arm that draws nothing": (judged("R+", 0), "judged.10%.tumour"),
    "counts of replicate 9": (judged("qldm", 0, 9), "replicates that the run did not have"),
    "counts of a replicate twice": (judged("qldm", 1, 1), "or some twice"),
    "geometry of no generator": (put("geometry", "10%", "nothing", GEOMETRY), "geometry.10%.nothing"),
    "geometry elsewhere": (put("geometry", "20%", {"qldm": GEOMETRY}), "geometry.20%"),
    "more directions than there are": (put("geometry", "10%", "qldm", "effective_rank", 25.0), "no Jacobian"),
    "more directions than numbers of noise": (put("geometry", "10%", "qldm", "dimension", 23), "no Jacobian"),
    "a direction of more than all": (put("geometry", "10%", "qldm", "first_share", 1.1), "no Jacobian"),
    "no rank and no reason": (put("geometry", "10%", "qldm", "effective_rank", None), "no Jacobian"),
    "a failure that succeeded": (put("failures", 0, "outcome", "ok"), "'ok'"),
    "a failure of no arm": (put("failures", 0, "arm", "nothing"), "did not have"),
    "a failure of replicate 9": (put("failures", 0, "replicate", 9), "did not have"),
    "another day": (put("environment", "created", "yesterday"), "environment.created"),
    "less than no time": (put("cost", "train", "wall_s", -5.0), "cost.train"),
    "more computed than there was": (put("cost", "train", "computed_now", 10**9), "cost.train"),
    "a board in the title": (put("title", "Brains\n\n## another board"), "title"),
    "terminal codes in a title": (put("labels", "titles", 0, "\x1b[31mred"), "labels"),
    "text from right to left": (put("question", "abc\u202edef"), "question"),
    "no name of a track": (put("board", "track", ""), "board"),
}


@pytest.mark.parametrize("kind", SPACES)
def test_an_honest_record_contradicts_nothing(kind: str) -> None:
    assert said(facts(kind)) == []


def test_honest_counts_contradict_nothing() -> None:
    changed = facts()
    judged("qldm:twin", 0, 2)(changed)
    assert said(changed) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_record_that_contradicts_itself_is_told_so(name: str) -> None:
    change, words = WRONG[name]
    changed = facts()
    change(changed)
    found = said(changed)
    assert any(words in sentence for sentence in found), found
    assert all(sentence.isprintable() for sentence in found)


@pytest.mark.parametrize("field", ["task_sha256", "recipe_sha256", "config_sha256", "predictions_sha256"])
@pytest.mark.parametrize("value", ["", "banana", "A" * 64, "2" * 64 + "\n"])
def test_hashes_are_hashes(field: str, value: str) -> None:
    with pytest.raises(ValueError, match="should match pattern"):
        Record.model_validate_json(json.dumps({**facts(), field: value}), strict=True)


def test_verify_refuses_what_contradicts_itself_and_the_predictions(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    change_record(tmp_path / "run", put("cost", "train", "cpu_s", -1.0))
    with pytest.raises(EntryError, match=r"cost\.train"):
        verify(tmp_path / "run")


def test_verify_compares_the_counts_of_classes_with_the_labels(tmp_path: Path) -> None:
    write_run(tmp_path / "run", "multilabel")
    change_record(tmp_path / "run", put("data", "class_counts", "Mass", "test", 3))
    with pytest.raises(EntryError, match="the test images of the classes"):
        verify(tmp_path / "run")


def test_a_training_beside_the_arms_may_fail(tmp_path: Path) -> None:
    failure = {"stage": "train", "name": "R+cm 10% r0 with 160 steps", "outcome": "diverged", "reason": "not finite"}
    write_run(tmp_path / "run")
    change_record(tmp_path / "run", lambda record: record["failures"].append(failure))
    assert verify(tmp_path / "run").record.failures[0].outcome == "diverged"


def test_a_broken_manifest_is_not_said_to_be_an_older_record(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    entry = submit(tmp_path / "run", tmp_path / "boards")
    manifest = json.loads((entry / "manifest.json").read_text())
    (entry / "manifest.json").write_text(json.dumps({**manifest, "files": []}))
    with pytest.raises(EntryError, match="files: Input should be") as refused:
        verify(entry)
    assert "rescore" not in str(refused.value)


def test_more_curves_than_any_run_has_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    curves = json.loads((tmp_path / "run" / "curves.json").read_text())
    curves["classifier"] *= 300
    (tmp_path / "run" / "curves.json").write_text(json.dumps(curves))
    with pytest.raises(EntryError, match="at most 5000 items"):
        write_report(tmp_path / "run")


def test_curves_that_cannot_be_drawn_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path / "run")
    curves = json.loads((tmp_path / "run" / "curves.json").read_text())
    for point, loss in zip(curves["classifier"][0]["points"], (1e308, -1e308), strict=False):
        point["train_loss"] = loss
    (tmp_path / "run" / "curves.json").write_text(json.dumps(curves))
    with pytest.raises(EntryError, match="train_loss"):
        write_report(tmp_path / "run")
