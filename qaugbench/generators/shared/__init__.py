"""Code shared by generators: the model in its space, diffusion, adversarial losses, and the search for a generator by name."""
