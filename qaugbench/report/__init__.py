"""The result of one run for a reader: tables, figures and a page of its own."""
