"""What may follow ``--slurm``."""

from __future__ import annotations

import pytest

from qaugbench.errors import QaugbenchError
from qaugbench.experiment.slurm_options import slurm_options


def test_keys_become_what_submitit_calls_them() -> None:
    options = slurm_options(
        {"partition": "gpu", "time": "90", "mem_gb": "7.5", "cpus_per_task": "2", "setup": "module load x"}
    )
    assert options.parameters == {
        "slurm_partition": "gpu",
        "timeout_min": 90,
        "mem_gb": 7.5,
        "cpus_per_task": 2,
        "slurm_setup": ["module load x"],
    }
    assert (options.cluster, options.tries) == ("slurm", 3)


def test_own_keys_are_not_passed_on() -> None:
    options = slurm_options({"cluster": "local", "tries": "5"})
    assert (options.cluster, options.tries, options.parameters) == ("local", 5, {"timeout_min": 60})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"partitoin": "gpu"}, "--slurm has no key 'partitoin'. Did you mean 'partition'"),
        ({"time": "1:00:00"}, "--slurm time takes minutes, a whole number from 1, got '1:00:00'"),
        ({"mem_gb": "-1"}, "--slurm mem_gb takes a number above 0, got '-1'"),
        ({"mem_gb": "nan"}, "--slurm mem_gb takes a number above 0, got 'nan'"),
        ({"tries": "0"}, "--slurm tries takes a whole number from 1, got '0'"),
        ({"cluster": "locl"}, "Did you mean 'local'"),
    ],
)
def test_wrong_keys_and_values(given: dict[str, str], words: str) -> None:
    with pytest.raises(QaugbenchError) as refused:
        slurm_options(given)
    assert words in str(refused.value)
