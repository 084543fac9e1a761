"""The least numbers of images and positives, the same for the audit of a source, the plan of a run and the statistics."""

MIN_FOR_INTERVAL = 10
"""Test images on the rarer side of a class that an interval needs; with fewer, the class does not affect the plan."""
MIN_FOR_VERDICT = 30
"""Test images on the rarer side of a class that a verdict on it needs."""
MIN_TRAINING_IMAGES = 300
"""Training images that a run needs at its fraction."""
MIN_TRAINING_POSITIVES = 10
"""Positive training images that a run needs at its fraction for every scored class."""
MIN_FOR_SUBGROUP = 30
"""Patients of a subgroup (an age band, a sex, a site) whose score is told."""
