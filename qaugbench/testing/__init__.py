"""Conformance checks for generators, of this package or of another."""

from qaugbench.testing.suite import CheckResult, check_generator, checks_of

__all__ = ["CheckResult", "check_generator", "checks_of"]
