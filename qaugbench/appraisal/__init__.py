"""Sets of synthetic images appraised against real ones: copies, collapse, training, labels and fidelity, from arrays alone."""
