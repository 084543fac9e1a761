"""What a missing package reads like: what needs it, its name as it is installed, and the command."""

from __future__ import annotations

import pytest

from qaugbench.errors import MissingPackageError, missing_package, require


def test_an_extra_or_the_packages_themselves_are_installed() -> None:
    assert (
        missing_package("A", "b", extra="c")
        == "A needs the package b, which is not installed: pip install 'qaugbench[c]'"
    )
    assert missing_package("A", "b", "c") == "A needs the packages b and c, which are not installed: pip install b c"


def test_only_what_is_missing_is_named() -> None:
    require("This", "json", "numpy")
    with pytest.raises(MissingPackageError, match="This needs the package not-there, which is not installed: pip"):
        require("This", "numpy", "not_there")
