"""A small data set and a config for it, shared by the tests of the run."""

import textwrap

import numpy as np
import pandas as pd

CONFIG = """
version: 1
name: toy
task: classification
seed: 3
data:
  source: {type: csv, path: toy.csv}
  target: late
  positive: "yes"
  drop: [id]
  sensitive: [{column: age, bins: [30, 50]}, sex]
missing: {type: simple}
imbalance: {type: class_weight, weights: balanced}
model: {type: LogisticRegression, C: 0.5}
search:
  type: random
  n_candidates: 3
  cv: 3
  scoring: neg_log_loss
  space: {C: {low: 0.01, high: 10.0, log: true}}
calibration: {type: temperature, fraction: 0.25}
threshold: {type: cost, false_positive: 1, false_negative: 3}
robustness: {enabled: false}
explain: {enabled: false}
gates: []
report: {dir: reports, title: Toy, owner: A test}
"""

# Sections of the audit that take their time and are not what these tests ask about.
SLOW_SECTIONS = ("baselines", "slices", "training", "resources", "data", "missing")


def toy_frame(n=320, seed=0):
    """Return rows with numbers, categories, gaps and a target that depends on them."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "age": rng.integers(18, 75, n),
            "sex": rng.choice(["f", "m"], n),
            "income": rng.normal(size=n).round(3),
            "job": rng.choice(["cook", "nurse", "smith"], n),
        }
    )
    score = frame["income"] + (frame["job"] == "cook") + rng.logistic(size=n)
    frame["late"] = np.where(score > 1.6, "yes", "no")
    frame["income"] = frame["income"].mask(rng.uniform(size=n) < 0.1)
    return frame


def machine_frame(n=300, n_bad=15, seed=0):
    """Return readings of a machine: two that go together and a mode; a few fall apart."""
    rng = np.random.default_rng(seed)
    load = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "load": load,
            "heat": load + 0.1 * rng.normal(size=n),
            "mode": rng.choice(["day", "night"], n),
            "state": "fine",
        }
    )
    bad = rng.choice(n, n_bad, replace=False)
    frame.loc[bad, "heat"] += np.where(np.arange(n_bad) % 2, 6.0, -6.0)
    frame.loc[bad, "state"] = np.where(np.arange(n_bad) % 3, "leak", "burst")
    return frame


def write_toy(folder, config=CONFIG, frame=None):
    """Write toy.csv and toy.yaml into a folder; return the config's path."""
    (toy_frame() if frame is None else frame).to_csv(folder / "toy.csv", index=False)
    path = folder / "toy.yaml"
    path.write_text(textwrap.dedent(config), encoding="utf-8")
    return path


def fewer_checks(monkeypatch=None):
    """Leave the slow sections of the audit out."""
    from appliednn.pipeline import _stages

    whole = _stages.audit_options

    def options(config):
        given = whole(config)
        return {**given, "skip": [*given["skip"], *SLOW_SECTIONS]}

    if monkeypatch is None:
        _stages.audit_options = options
    else:
        monkeypatch.setattr(_stages, "audit_options", options)
