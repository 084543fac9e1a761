"""Models that are fitted on real training images and sample labelled synthetic ones; one file per system."""
