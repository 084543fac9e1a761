"""A generator or this machine looked at, without a run: circuits, parameters, resources, devices, faults."""
