"""What several generators call: the autoencoder, diffusion, optimisation, and how a generator is found by name."""
