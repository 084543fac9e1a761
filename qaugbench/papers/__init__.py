"""What a paper needs of results: tables with their references, figures, a methods paragraph, filled reporting checklists."""
