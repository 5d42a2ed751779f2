"""Group fairness metrics with intervals, and not estimable where they are."""
