"""What a study says of its levels: means and errors over replicates, the table, the picture, plain data."""

from __future__ import annotations

import json
import math

import pytest

from qaugbench.ablation.plot import noise_png
from qaugbench.ablation.study import Side
from qaugbench.ablation.text import level_line, opening, table
from tests.ablation.made_up import made_up, side


def test_means_and_standard_errors_are_over_replicates() -> None:
    found = Side(
        "ok", "", ({"kid": {"value": 1.0}}, {"kid": {"value": 2.0}}, {"kid": {"value": 6.0}}, {"kid": {"value": None}})
    )
    assert found.mean("kid") == 3.0
    assert found.error("kid") == pytest.approx(math.sqrt(7 / 3))  # 14 / 2 over 3 replicates
    assert side(1.0, 0.5).mean("consistency") is None
    assert Side("ok", "", ({"kid": {"value": 1.0}},)).error("kid") is None


def test_the_table_has_every_level_and_says_what_failed() -> None:
    text = table(made_up(), 110)
    assert text.startswith("PHANTOM DATA")
    assert all(len(line) <= 110 for line in text.splitlines())
    assert text.count("twin, equal noise") == 7 + 2 + 5
    assert "1 (0.02)" in text
    assert ".900 (.020)" in text
    assert text.count("consistency") == 1  # no column: nothing was measured
    assert "No consistency: no judge." in text
    assert "shots 64: error: sample qldm 10% r0: CircuitError: too many wires" in " ".join(text.split())
    assert "real images alone" in text


def test_what_is_said_before_and_during() -> None:
    found = made_up()
    assert "two_qubit: two-qubit error (infidelity): 0, 0.0001" in opening(found.study)
    assert level_line(found).startswith("10 x ibm_heron_r1: KID 2 (0.02), probe AUROC")
    assert level_line(found).endswith("17 of 17 done")


def test_a_study_is_plain_data() -> None:
    stored = json.loads(json.dumps(made_up().to_dict(), allow_nan=False))
    assert stored["levels"] == stored["levels_done"] == 17
    shots = stored["sweeps"][1]["levels"]
    assert [level["value"] for level in shots] == [None, 1024.0, 64.0]  # None: infinitely many
    assert shots[1]["execution"] == {"shots": 1024}
    assert shots[0]["generator"]["means"]["kid"]["mean"] == pytest.approx(1.0)


def test_the_picture_is_the_same_for_the_same_study() -> None:
    first = noise_png(made_up())
    assert first.startswith(b"\x89PNG")
    assert first == noise_png(made_up())
    assert first != noise_png(made_up(phantom=False))
