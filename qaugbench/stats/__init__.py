"""Inference over replicates and patients, from ``theta[arm, replicate]`` and ``influence[arm, replicate, patient]``."""
