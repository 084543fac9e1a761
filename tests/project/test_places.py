"""One function says where downloads and conversions are kept, and it follows the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.datasets.sources import prepared_path
from qaugbench.downstream.weights import weights_folder
from qaugbench.places import data_home


@pytest.mark.parametrize(
    ("said", "home"),
    [
        ({}, "/home/x/.cache/qaugbench/data"),
        ({"XDG_CACHE_HOME": "/big/cache"}, "/big/cache/qaugbench/data"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/x/.cache/qaugbench/data"),
        ({"XDG_CACHE_HOME": "/big/cache", "QAUGBENCH_DATA": "/other"}, "/other"),
        ({"QAUGBENCH_DATA": "~/images"}, "/home/x/images"),
    ],
)
def test_the_data_folder_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], home: str
) -> None:
    for name in ("QAUGBENCH_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/x", **said}.items():
        monkeypatch.setenv(name, value)
    assert data_home() == Path(home)
    assert weights_folder() == Path(home) / "weights"
    assert prepared_path("brainmri", "nickparvar") == Path(home) / "brainmri" / "nickparvar.zip"
