"""Which item to show: learnt from a shop's log, and what each policy would have earned.

The visitors are generated, so that the best policy and every true value are known; a real log
gives the same table without the last column.
"""

import numpy as np
import pandas as pd

from appliednn.reinforcement import ContextualBandit, compare_policies

ITEMS = np.array(["book", "game", "lamp", "shoes", "tent"])
rng = np.random.default_rng(0)


def visitors(n):
    """Return what is known of visitors, and the chance that each item is bought, (n, 5)."""
    frame = pd.DataFrame(
        {
            "age": rng.integers(16, 80, n),
            "visits": rng.poisson(4, n),
            "device": rng.choice(["phone", "laptop"], n),
            "season": rng.choice(["spring", "summer", "winter"], n),
        }
    )
    young, phone = (frame["age"] < 30).to_numpy(), (frame["device"] == "phone").to_numpy()
    summer, loyal = (frame["season"] == "summer").to_numpy(), (frame["visits"] > 5).to_numpy()
    taste = np.column_stack(
        [~young & ~phone, young & phone, ~young & ~summer, loyal, young & summer]
    )
    return frame, 0.05 + 0.25 * taste


def shop(frame):
    """Return the shop's own policy: it prefers what sold well, and tries everything at times."""
    shares = np.tile([0.3, 0.1, 0.3, 0.2, 0.1], (len(frame), 1))
    shares[frame["device"] == "phone"] = [0.2, 0.3, 0.2, 0.2, 0.1]
    return shares


def log(n):
    """Return contexts, items shown, whether they were bought, all probabilities, all chances."""
    frame, chances = visitors(n)
    shares = shop(frame)
    shown = (rng.random((n, 1)) > shares.cumsum(axis=1)[:, :-1]).sum(axis=1)
    bought = (rng.random(n) < chances[np.arange(n), shown]).astype(float)
    return frame, ITEMS[shown], bought, shares, chances


X, shown, bought, shares, _ = log(6000)
X_test, shown_test, bought_test, shares_test, chances = log(6000)

linear = ContextualBandit("linucb", numeric="robust").fit(X, shown, bought, shares)
thompson = ContextualBandit("thompson", alpha=0.4, numeric="robust").fit(X, shown, bought, shares)
network = ContextualBandit("neural", epochs=30, random_state=0).fit(X, shown, bought, shares)


def certain(choice):
    """Return the probabilities of a policy that chooses like this, (n, 5)."""
    return (np.asarray(choice)[:, None] == ITEMS).astype(float)


policies = {
    "linear": certain(linear.predict(X_test)),
    "Thompson, exploring": thompson.predict_proba(X_test),
    "network": certain(network.predict(X_test)),
    "always the book": certain(["book"] * len(X_test)),
    "oracle": certain(ITEMS[chances.argmax(axis=1)]),
}
table = compare_policies(policies, shown_test, bought_test, shares_test, X_test).to_frame()
print("Purchases a visitor by the log (doubly robust, 95 % interval), and in truth:")
for name, row in table.iterrows():
    truth = (policies.get(name, shares_test) * chances).sum(axis=1).mean()
    print(f"{name:20s} {row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]   {truth:.3f}")

shown_now, propensity = thompson.select(X_test.head(3), random_state=0)
for item, chance in zip(shown_now, propensity, strict=True):
    print(f"served: {item}, with probability {chance:.2f}")
