"""The dask cluster that a run computes on: the client that exists already, else the scheduler that dask is configured for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qaugbench.errors import QaugbenchError, require

CONNECT_S = 30
REMEDY = (
    "Give its address in the environment variable DASK_SCHEDULER_ADDRESS (for example tcp://host:8786), or in Python create "
    "a distributed.Client before the run. On one machine, --backend loky needs no scheduler."
)


def check_cluster() -> None:
    """Raise where ``--backend dask`` cannot work: the package is missing, or nothing says where the scheduler is."""
    require("--backend dask", "distributed", extra="dask")
    if not _has_client() and _address() is None:
        raise QaugbenchError(f"--backend dask knows no scheduler. {REMEDY}")


@contextmanager
def connected(backend: str) -> Iterator[None]:
    """Keep a client for the cluster while a run computes; with another backend than dask there is nothing to do."""
    if backend != "dask" or _has_client():
        yield
        return
    from distributed import Client

    try:
        client = Client(_address(), timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise QaugbenchError(f"No dask scheduler answers at {_address()}: {error}. {REMEDY}") from error
    with client:
        yield


def _has_client() -> bool:
    from distributed import default_client

    try:
        default_client()
    except ValueError:
        return False
    return True


def _address() -> str | None:
    import dask.config

    address: str | None = dask.config.get("scheduler-address", None)
    return address
