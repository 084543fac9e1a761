"""The downstream classifier: the one frozen recipe that every arm is judged by."""
