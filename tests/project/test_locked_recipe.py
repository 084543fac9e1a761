"""The classifier that decides everything is never edited in place: its code has a locked hash, module by module.

Where this fails because of a change that moves no number, write the new hashes: ``python -m tests.project.test_locked_recipe``.
Where it may move one, raise the version of every task as well: results before and after are not comparable.
"""

from __future__ import annotations

import json
from pathlib import Path

from qaugbench.experiment.fingerprint import RECIPE_CODE, module_hashes
from qaugbench.files import json_text

LOCKED = Path(__file__).with_name("locked_recipe.json")


def test_the_classifier_is_the_one_that_was_locked() -> None:
    assert module_hashes(RECIPE_CODE) == json.loads(LOCKED.read_text(encoding="utf-8"))


if __name__ == "__main__":
    LOCKED.write_text(json_text(module_hashes(RECIPE_CODE)), encoding="utf-8")
