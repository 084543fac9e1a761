"""Results and sources in the forms of other tools: Every Eval Ever, Croissant."""
