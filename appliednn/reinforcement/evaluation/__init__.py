"""Episodes of a policy, what they say of it, and how they look."""
