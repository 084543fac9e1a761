"""requirements.lock pins everything by hash and says nothing of where it was made."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
UNLOCKED = ("resources",)  # extras whose wheels would not install everywhere the others do
PINNED = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", LOCK, re.MULTILINE))


def test_every_requirement_is_locked() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    groups = [PROJECT["project"]["dependencies"], *(extras[name] for name in extras if name not in UNLOCKED)]
    required = {re.match(r"[A-Za-z0-9._-]+", requirement)[0] for group in groups for requirement in group}
    assert required - {PROJECT["project"]["name"]} <= PINNED  # an extra may name another one


def test_what_is_not_locked_is_left_out_when_locking() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    for extra in UNLOCKED:
        assert f"--no-extra {extra}" in recipe
        packages = {
            re.match(r"[A-Za-z0-9._-]+", each)[0] for each in PROJECT["project"]["optional-dependencies"][extra]
        }
        assert not packages & PINNED


def test_every_pin_has_a_hash() -> None:
    pins = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(pins) >= len(PINNED)
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_lock_names_no_address_or_path() -> None:
    assert not re.search(r"://|^\s*-[^-]|^\s*--(?!hash=)|@ |file:", LOCK, re.MULTILINE)


def test_torch_and_torchvision_are_the_pair_the_project_names() -> None:
    pair = PROJECT["tool"]["uv"]["constraint-dependencies"]
    assert [re.findall(rf"^{pin.split('==')[0]}==(\S+)", LOCK, re.MULTILINE) for pin in pair] == [
        [pin.split("==")[1]] for pin in pair
    ]
