"""The downstream classifier: the locked recipe that is trained for every arm."""
