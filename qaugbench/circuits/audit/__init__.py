"""Whether circuits take part in learning, how expressive and entangling they are, and whether they can be trained."""
