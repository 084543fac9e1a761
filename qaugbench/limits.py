"""What is too few, the same for the audit of a source, the plan of a run and the statistics of its scores."""

MIN_FOR_INTERVAL = 10
"""Test images on the rarer side of a class that its score needs for an interval; fewer, and nothing is planned by it."""
MIN_FOR_VERDICT = 30
"""Test images on the rarer side of a class that a verdict on it needs."""
MIN_TRAINING_IMAGES = 300
"""Training images, at a fraction of them, that a run needs."""
MIN_TRAINING_POSITIVES = 10
"""Positives, at a fraction of the training images, that a run needs of every class that is scored."""
