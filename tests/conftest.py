"""What every test shares: no network, no user's cache, one thread, and real images where the environment names them."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Sums are taken in one order wherever tests run. Set here, before NumPy or torch is imported, and passed on to every
# process that a test starts.
for _library in ("OMP", "MKL", "OPENBLAS"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

from qaugbench.board import protocol  # noqa: E402
from qaugbench.predictions import PredictionSet  # noqa: E402
from qaugbench.record import Record  # noqa: E402

# Examples are the same on every run, and a busy machine is no failure.
hypothesis.settings.register_profile("qaugbench", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("qaugbench")


def _stays_here(address: object) -> bool:
    """Return whether a socket address is this machine: a Unix socket's path or a loopback host."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def refuse(address: object) -> None:
        if not _stays_here(address):
            raise ConnectionRefusedError(f"tests do not use the network; something tried to reach {address!r}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        refuse(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        refuse(address)
        return connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_users_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point QAUGBENCH_DATA at an empty folder for the whole session, fixtures of any scope included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QAUGBENCH_DATA", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _made_up_boards() -> Iterator[None]:
    """Let runs that tests make up be entries: tasks of version 1 are in no release, so nothing fixes their boards."""
    fixed = protocol.departures

    def of_a_release(record: Record, predicted: PredictionSet) -> Iterator[str]:
        return iter(()) if record.board.task.endswith("@1") else fixed(record, predicted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "departures", of_a_release)
        yield


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Undo what an earlier test's code did to torch's number of threads, without importing torch for this."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)


@pytest.fixture
def undrawn() -> Iterator[None]:
    """Leave out the drawing of figures, for tests of what a page says."""
    from tests.undrawn import figures_undrawn  # which imports Matplotlib

    with figures_undrawn():
        yield


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is QAUGBENCH_DATA for this test alone."""
    home = tmp_path / "qaugbench-data"
    home.mkdir()
    monkeypatch.setenv("QAUGBENCH_DATA", str(home))
    return home


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real images named by QAUGBENCH_TEST_DATA, or skip."""
    named = os.environ.get("QAUGBENCH_TEST_DATA", "")
    if not named or not Path(named).is_dir():
        pytest.skip("QAUGBENCH_TEST_DATA names no folder of real images")
    return Path(named)
