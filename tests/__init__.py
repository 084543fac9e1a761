"""Tests, one folder a part of the package; a package itself so that no installed `tests` stands in its way."""
