"""Classifiers compared on the rows of a run: ``qaugbench run --classifier``."""
