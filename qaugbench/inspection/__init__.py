"""Inspection of a generator or this machine without a run: circuits, parameters, resources, devices, faults."""
