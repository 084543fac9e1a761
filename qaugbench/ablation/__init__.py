"""Hardware noise: what it costs a fitted generator, one kind of error at a time, on devices, and beside its twin."""
