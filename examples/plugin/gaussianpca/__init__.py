"""Gaussian images in PCA space, as a generator for qaugbench."""
