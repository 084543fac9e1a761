"""Code shared by generators: the autoencoder, diffusion, optimisation, and the search for a generator by name."""
