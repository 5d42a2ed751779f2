"""Environments: making them, running many side by side, and some of our own."""
