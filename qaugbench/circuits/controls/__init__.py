"""What can replace a circuit: a classical twin, a product state, noise, a Fourier series."""
