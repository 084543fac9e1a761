"""Classifiers to compare with the recipe's: one file a system, the contract they keep, and how they are trained."""
