"""A user's own images, in whatever form they come."""
