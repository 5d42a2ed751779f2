"""Explanations and tests of explanations."""
