"""The report's page, its figures and the schema of its JSON."""
