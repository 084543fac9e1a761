"""Noise of gates, waits and readout: models, device presets, and their execution as density matrices or as trajectories."""
