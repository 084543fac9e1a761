"""Drawn images with known labels: phantoms, which show no patient."""
