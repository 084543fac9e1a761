"""Verification: an honest entry passes, and every forgery is refused with the place where it shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from qaugbench.board.verify import verify
from qaugbench.errors import EntryError
from qaugbench.predictions import PredictionSet
from tests.board.factory import write_run
from tests.board.tampering import change_logits, change_predictions, change_record, repair_manifest
from tests.cli.committed import committed_entry

PRIMARY = ("fractions", "10%", "endpoints", "macro_auroc")


def _scores(record: dict[str, Any]) -> dict[str, Any]:
    found = record["scores"]
    for key in PRIMARY:
        found = found[key]
    return found


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "ordinal"])
def test_honest_runs_and_entries_pass(kind: str, tmp_path: Path) -> None:
    record = write_run(tmp_path / "run", kind, replicates=2)
    found = verify(tmp_path / "run")
    assert found.record == record
    assert found.n_numbers > 500
    assert found.n_logits == 2 * len(record.arms) * 2 * 60 * 3


def test_entry_passes_and_its_attribution_was_tested(entry: Path) -> None:
    assert verify(entry).attribution_tested


def test_quantum_arm_without_controls_is_not_attributed(tmp_path: Path) -> None:
    write_run(tmp_path / "run", replicates=2, arms=("R", "R+", "R+cm", "qldm"))
    assert not verify(tmp_path / "run").attribution_tested


def test_one_changed_byte_is_refused(entry: Path) -> None:
    content = bytearray((entry / "predictions.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (entry / "predictions.npz").write_bytes(bytes(content))
    with pytest.raises(EntryError, match=r"predictions\.npz is not the file in the manifest"):
        verify(entry)


def test_files_missing_or_smuggled_in_are_refused(entry: Path) -> None:
    (entry / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(EntryError, match=r"holds notes\.txt"):
        verify(entry)
    (entry / "notes.txt").unlink()
    (entry / "predictions.npz").unlink()
    with pytest.raises(EntryError, match=r"lacks predictions\.npz"):
        verify(entry)


def test_one_changed_logit_with_all_hashes_repaired_is_refused(entry: Path) -> None:
    def surely_wrong(logits: np.ndarray) -> None:
        logits[5, 0, 0, 0] = -50.0  # the true class of the first image

    change_predictions(entry, lambda predicted: change_logits(predicted, "10%", surely_wrong))
    with pytest.raises(EntryError, match=r"scores\.(confirmatory|fractions\.10%)\..*: stated .*, recomputed "):
        verify(entry)


def test_one_changed_score_with_the_manifest_repaired_is_refused(entry: Path) -> None:
    def forge(record: dict[str, Any]) -> None:
        _scores(record)["contrasts"][0]["estimate"] += 0.002

    change_record(entry, forge)
    with pytest.raises(EntryError, match=r"scores\.fractions\.10%\.endpoints\.macro_auroc\.contrasts\[0\]\.estimate"):
        verify(entry)


def test_scores_are_compared_to_a_billionth(entry: Path) -> None:
    change_record(
        entry, lambda record: _scores(record)["arms"]["R+"].update(mean=_scores(record)["arms"]["R+"]["mean"] + 1e-8)
    )
    with pytest.raises(EntryError, match=r"arms\.R\+\.mean"):
        verify(entry)


@pytest.mark.parametrize(
    ("forge", "named"),
    [
        (lambda scores: scores["contrasts"][0].update(verdict="HELPS"), "verdict"),
        (lambda scores: scores["contrasts"].pop(), "contrasts"),
        (lambda scores: scores["arms"].pop("qldm:twin"), "qldm:twin"),
        (lambda scores: scores.update(invented=1.0), "invented"),
        (lambda scores: scores["contrasts"][0].update(method="by hand"), "method"),
    ],
)
def test_every_leaf_of_the_scores_counts(entry: Path, forge: Callable[[dict[str, Any]], None], named: str) -> None:
    change_record(entry, lambda record: forge(_scores(record)))
    with pytest.raises(EntryError, match=named):
        verify(entry)


def test_predictions_of_another_run_are_refused(run_folder: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "other", replicates=2, fractions=("10%", "100%"), seed=5)
    (run_folder / "predictions.npz").write_bytes((tmp_path / "other" / "predictions.npz").read_bytes())
    with pytest.raises(EntryError, match="not the file that the record was made from"):
        verify(run_folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda p: replace(p, test_ids=np.array([p.test_ids[0], *p.test_ids[:-1]])),
            "test_ids holds some twice: test0000",
        ),
        (lambda p: replace(p, val_ids=p.test_ids), "in test and in validation"),
        (lambda p: replace(p, val_groups=p.test_groups), "does not call the split leaky"),
        (lambda p: replace(p, test_labels=np.ones_like(p.test_labels)), "exactly one class"),
        (lambda p: replace(p, test_labels=2 * p.test_labels), "must be 0 or 1"),
        (lambda p: replace(p, arms=(*p.arms[1:], p.arms[0])), "arms differ"),
        (lambda p: replace(p, test_ids=p.test_ids[1:]), r"\'test_ids\' is <U8 \[59\], not <U \[60\]"),
        (lambda p: replace(p, fractions={"10%": p.fractions["10%"]}), "it lacks '100%/test_logits'"),
        (lambda p: change_logits(p, "10%", lambda logits: logits[1, 0].fill(np.nan)), "no failure in the record"),
        (lambda p: change_logits(p, "10%", lambda logits: logits[1, 0, 3].fill(np.nan)), "lacks 3 logits"),
        (lambda p: change_logits(p, "10%", lambda logits: logits[1, 0, 3].fill(np.inf)), "infinite"),
        (lambda p: change_logits(p, "10%", lambda logits: logits[6, 1].fill(0.0)), "lacks"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    entry: Path, change: Callable[[PredictionSet], PredictionSet], message: str
) -> None:
    change_predictions(entry, change)
    with pytest.raises(EntryError, match=message):
        verify(entry)


def test_a_cell_called_failed_must_have_no_logits(entry: Path) -> None:
    where = {"arm": "R+os", "fraction": "10%", "replicate": 0}
    failure = {"stage": "train", "name": "any words", **where, "outcome": "error", "reason": "unlucky"}
    change_record(entry, lambda record: record["failures"].append(failure))
    with pytest.raises(EntryError, match=r"R\+os at 10% in replicate 0 is recorded as failed \(error\) but has logits"):
        verify(entry)


def test_failed_cells_are_known_by_their_fields_and_not_by_their_names(entry: Path) -> None:
    change_record(entry, lambda record: [one.update(name="another wording") for one in record["failures"]])
    assert verify(entry).record.failures[0].name == "another wording"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"arm": None}, "does not say its arm"),
        ({"replicate": 7}, "that the run did not have"),
        ({"arm": "x"}, "did not have"),
    ],
)
def test_failed_cells_that_the_run_did_not_have_are_refused(entry: Path, change: dict[str, Any], named: str) -> None:
    change_record(entry, lambda record: record["failures"][0].update(change))
    with pytest.raises(EntryError, match=named):
        verify(entry)


def test_phantom_never_stands_on_a_real_board(entry: Path, run_folder: Path) -> None:
    def pretend(record: dict[str, Any]) -> None:
        record["board"]["source"] = record["data"]["source"] = "nickparvar"

    for folder in (entry, run_folder):
        change_record(folder, pretend)
        with pytest.raises(EntryError, match="phantom data cannot be on the board brainmri@1/nickparvar/lite"):
            verify(folder)


def test_an_entry_on_another_board_is_refused(entry: Path) -> None:
    elsewhere = entry.parents[2] / "nickparvar-lite" / "entries" / entry.name
    elsewhere.parent.mkdir(parents=True)
    entry.rename(elsewhere)
    with pytest.raises(EntryError, match="is not where it belongs"):
        verify(elsewhere)


def test_real_data_bring_no_pictures(tmp_path: Path) -> None:
    from qaugbench.board.entry import submit

    write_run(tmp_path / "run", replicates=2, phantom=False)
    entry = submit(tmp_path / "run", tmp_path / "leaderboards")
    Image.new("L", (4, 4)).save(entry / "samples.png")
    repair_manifest(entry)
    with pytest.raises(EntryError, match="pictures fitted to real patients"):
        verify(entry)


@pytest.mark.parametrize(
    ("field", "value"), [("schema_version", 4), ("surprise", 1), ("replicates", "many"), ("replicates", "2")]
)
def test_other_schemas_are_refused(entry: Path, field: str, value: object) -> None:
    change_record(entry, lambda record: record.update({field: value}))
    with pytest.raises(EntryError, match=rf"entry\.json does not have the form that qaugbench writes: record\.{field}"):
        verify(entry)


def test_verifying_an_entry_needs_no_framework() -> None:
    code = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'torchvision', 'timm', 'diffusers', 'pennylane', 'qiskit'):\n"
        "            raise ImportError(f'{name} is not here')\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from qaugbench.cli import main\n"
        f"sys.argv = ['qaugbench', 'verify', {str(committed_entry())!r}]\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "holds. 3,439 numbers recomputed from 419,600 logits. Trust: rescored" in done.stdout
