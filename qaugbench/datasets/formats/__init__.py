"""File formats of images and archives, read in place."""
