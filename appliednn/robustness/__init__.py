"""Robustness: noise, missing features, adversarial attacks."""
