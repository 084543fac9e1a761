"""How a model learns step by step: the one loop, its checkpoints, and what a fit says of itself."""
