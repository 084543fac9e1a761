"""Error mitigation: readout inversion and extrapolation to zero noise, with every shot that they take counted."""
