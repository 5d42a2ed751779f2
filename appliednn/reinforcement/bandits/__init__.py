"""Decisions of one step, learnt from a log or on line."""
