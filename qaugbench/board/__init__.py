"""Leaderboards: entries made from runs, verified by recomputing every number, and ranked."""
