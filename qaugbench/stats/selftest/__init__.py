"""The self-test of the inference: simulated comparisons whose truth is known, and mutants that it must catch."""

from qaugbench.stats.selftest.run import SEED, SelfTest, run_selftest

__all__ = ["SEED", "SelfTest", "run_selftest"]
