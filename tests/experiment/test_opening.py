"""What a person is told before a run computes anything."""

from __future__ import annotations

import pytest

from qaugbench.experiment.opening import name_lines
from qaugbench.record import Board


def test_images_under_a_name_that_no_board_has_are_told_to_need_another() -> None:
    (line,) = name_lines(Board(task="brainmri@2", source="clinic", track="lite"), phantom=False)
    assert line.startswith(
        "No entry can be made of this run as it is: there is no registered source 'clinic'; images of your"
    )
    assert line.endswith("run again with --source YOU.NAME, nothing is computed twice.")


@pytest.mark.parametrize(
    ("source", "track", "phantom"),
    [
        ("nickparvar", "lite", False),
        ("jroe.clinic", "lite", False),
        ("phantom", "lite", True),
        ("clinic", "smoke", False),
    ],
)
def test_nothing_is_said_of_other_names_and_of_runs_that_no_board_lists(source: str, track: str, phantom: bool) -> None:
    assert name_lines(Board(task="brainmri@2", source=source, track=track), phantom=phantom) == []
