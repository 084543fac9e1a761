"""How a circuit is run as a state vector: compiled into few steps, each a few tensor operations."""
