"""A source by a wrong name is answered with near ones, as every other name is."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench import definitions
from qaugbench.errors import DataError
from qaugbench.experiment.source import open_source


def message(task_name: str, source: str, tmp_path: Path) -> str:
    task = definitions.task(task_name)
    with pytest.raises(DataError) as raised:
        open_source(
            task,
            task.tracks["smoke"],
            data=None,
            source=source,
            split=None,
            allow_leaky=False,
            phantom_folder=tmp_path,
        )
    return str(raised.value)


@pytest.mark.parametrize(("written", "meant"), [("nickpavar", "nickparvar"), ("fantom", "phantom")])
def test_a_typo_is_answered_with_near_names(written: str, meant: str, tmp_path: Path) -> None:
    said = message("brainmri", written, tmp_path)
    assert f"There is no source '{written}' of task 'brainmri'. Did you mean '{meant}'" in said
    assert "data info" not in said


def test_a_source_of_another_task_is_named_as_such(tmp_path: Path) -> None:
    assert "'eyeq' is one of fundus" in message("brainmri", "eyeq", tmp_path)


def test_a_source_that_is_not_here_is_no_typo(tmp_path: Path) -> None:
    assert "data info nickparvar" in message("brainmri", "nickparvar", tmp_path)
