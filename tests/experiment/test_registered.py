"""The code of a generator of another package is in the names of its cells."""

from __future__ import annotations

from pathlib import Path

from qaugbench import definitions
from qaugbench.experiment.fingerprint import code_hash
from qaugbench.experiment.generator_choice import choose_generators
from tests.generators.documented import MEAN_IMAGE


def test_a_registered_generator_s_module_can_be_hashed(tmp_path: Path) -> None:
    task = definitions.task("fundus")
    with MEAN_IMAGE.registered(tmp_path):
        (choice,) = choose_generators(["meanimage"], task, task.tracks["smoke"])
        assert len(code_hash(choice.module)) == 64
