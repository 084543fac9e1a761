"""A worker with other code or other libraries than the run was planned with computes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import qaugbench
from qaugbench.errors import ClusterError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.installation import check_installation, planned_installation

CELLS = (Cell("fit", {"generator": "qldm", "libraries": {"numpy": np.__version__}}), Cell("split", {}))


def test_the_same_installation_is_accepted() -> None:
    planned = planned_installation(CELLS)
    assert planned.libraries == (("numpy", np.__version__),)
    check_installation(planned)


def test_another_version_is_named() -> None:
    planned = replace(planned_installation(CELLS), version="0.0.0", libraries=(("numpy", "1.0"), ("not-there", "2")))
    with pytest.raises(ClusterError) as refused:
        check_installation(planned)
    assert f"qaugbench {qaugbench.__version__} (planned with 0.0.0)" in str(refused.value)
    assert f"numpy {np.__version__} (planned with 1.0)" in str(refused.value)
    assert "not-there not installed (planned with 2)" in str(refused.value)
    assert "the same command again" in str(refused.value)


def test_other_code_of_the_same_version_is_refused() -> None:
    planned = replace(planned_installation(CELLS), code_sha256="0" * 64)
    with pytest.raises(ClusterError, match=f"other code of qaugbench {qaugbench.__version__}"):
        check_installation(planned)
