"""Tests are shut in: no connection leaves the machine, and the user's cache is out of reach."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443), ("2001:db8::1", 80, 0, 0)])
def test_a_connection_elsewhere_is_refused(address: tuple[object, ...]) -> None:
    family = socket.AF_INET6 if len(address) == 4 else socket.AF_INET
    with socket.socket(family) as client, pytest.raises(ConnectionRefusedError, match="do not use the network"):
        client.connect(address)


def test_loopback_stays_open() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_data_home_is_empty_and_not_the_user_s(data_home: Path) -> None:
    assert os.environ["QAUGBENCH_DATA"] == str(data_home)
    assert list(data_home.iterdir()) == []
