"""Whether circuits take part in learning, and how much they can express, entangle and be trained."""
