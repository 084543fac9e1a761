"""The hash of the code changes with what the program does, and with nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qaugbench.experiment import fingerprint

SOURCE = '"""Doc."""\nX = 1  # one\n\ndef f(a):\n    """Doc."""\n    return a + X\n'


@pytest.mark.parametrize(
    "same",
    [
        SOURCE.replace("Doc.", "Other words."),
        SOURCE.replace("  # one", ""),
        SOURCE.replace("a + X", "(a\n            + X)"),
    ],
)
def test_words_and_layout_do_not_count(same: str) -> None:
    assert fingerprint._meaning(same) == fingerprint._meaning(SOURCE)


@pytest.mark.parametrize("other", [SOURCE.replace("X = 1", "X = 2"), SOURCE.replace("a + X", "a - X")])
def test_what_is_computed_counts(other: str) -> None:
    assert fingerprint._meaning(other) != fingerprint._meaning(SOURCE)


def test_closure_follows_imports_inside_functions() -> None:
    found = fingerprint._closure(("qaugbench.experiment.replicate",))
    assert {"qaugbench.experiment.replicate", "qaugbench.seeds", "qaugbench.datasets.subsets"} <= set(found)
    assert "qaugbench.errors" not in found
    assert not any("report" in name for name in found)


def test_hashing_imports_nothing() -> None:
    program = (
        "import sys; from qaugbench.experiment.fingerprint import code_hash; "
        "code_hash('qaugbench.downstream.recipe', 'qaugbench.generators.qldm'); print('torch' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )
