"""The checks, one module per report section."""
