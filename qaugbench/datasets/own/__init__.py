"""A user's own images in any supported form."""
