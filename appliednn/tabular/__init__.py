"""Neural estimators for tables, and the encoder inside them."""
