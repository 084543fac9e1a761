"""Noise beside the gates: models, device presets, and their execution as density matrices or as trajectories."""
