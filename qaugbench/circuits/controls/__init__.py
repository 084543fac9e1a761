"""What may stand where a circuit stands: a classical twin, a product state, noise, a Fourier series."""
