"""What every generator has to hold, as functions that anyone can call: for a generator of this package or of another."""

from qaugbench.testing.suite import CheckResult, check_generator, checks_of

__all__ = ["CheckResult", "check_generator", "checks_of"]
