"""Policies and their values from logged decisions."""
