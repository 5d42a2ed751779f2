"""What an episode looks like, environment by environment, as moving shapes."""
