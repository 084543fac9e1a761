"""Plan a run, execute its cells against a store, and assemble the record."""
