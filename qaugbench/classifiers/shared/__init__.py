"""Pieces that several classifiers use, as functions and modules a file calls."""
