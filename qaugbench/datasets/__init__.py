"""Sources of images in one prepared form, their splits, and the phantom."""
