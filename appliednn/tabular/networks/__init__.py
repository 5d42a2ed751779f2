"""Networks for tables: of each the architecture, its layers, and what NumPy computes of it."""
