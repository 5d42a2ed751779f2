"""Ours beside the original of the same name: whether they agree within the folds' noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
from _tabular_sets import SETS
from _tabular_statistics import ratio
from _timing import table
from scipy import stats

TWINS = (
    ("realmlp", "pytabkit_realmlp_td"),
    ("realmlp_s", "pytabkit_realmlp_td_s"),
    ("tabm", "pytabkit_tabm_d"),
    ("tabm_d", "pytabkit_tabm_d"),
)


# Whether a lower value is better.
_SCORES = {"rmse": True, "log_loss": True, "auc": False, "accuracy": False}


def corrected_t_test(differences: np.ndarray, test_share: float) -> float:
    """Return the p-value of paired differences of repeated cross-validation.

    The variance is widened for the overlap of the training parts: Nadeau and Bengio (2003),
    "Inference for the generalization error", Machine Learning 52.

    Parameters
    ----------
    differences : ndarray of shape (n_fits,)
    test_share : float
        Test rows over training rows, 0.25 for 5 folds.

    >>> round(corrected_t_test(np.array([0.1, 0.3, 0.2, 0.4, 0.0]), 0.25), 4)
    0.1324
    >>> round(corrected_t_test(np.array([0.1, 0.3, 0.2, 0.4, 0.0]), 0.0), 4)
    0.0474
    """
    n = len(differences)
    spread = differences.std(ddof=1) if n > 1 else np.nan
    if spread == 0:
        return 1.0 if differences[0] == 0 else 0.0
    t = differences.mean() / (spread * np.sqrt(1 / n + test_share))
    return float(2 * stats.t.sf(abs(t), n - 1))


def _row(name: str, of_set: pd.DataFrame, ours: str, peer: str) -> dict | None:
    """Return the comparison on one set, or None where one of the two is missing."""
    score = "log_loss" if SETS[name].task == "classification" else "rmse"
    wide = of_set.pivot_table(index=["seed", "fold"], columns="method", values=[score, "fit_cpu"])
    if not {(score, ours), (score, peer)} <= set(wide.columns):
        return None
    wide = wide.dropna(subset=[(score, ours), (score, peer)])
    if wide.empty:
        return None
    share = float((of_set["n_test"] / of_set["n_train"]).mean())
    means, seconds = wide[score].mean(), wide["fit_cpu"].mean()
    later = wide["fit_cpu"].iloc[1:].mean()  # NaN where there is but one fit
    return {
        "set": name,
        "rows": int((of_set["n_train"] + of_set["n_test"]).max()),
        "score": score,
        "ours": means[ours],
        "peer": means[peer],
        "worse": means[ours] / means[peer] - 1,
        "p": corrected_t_test((wide[score][ours] - wide[score][peer]).to_numpy(), share),
        "ours_s": seconds[ours],
        "peer_s": seconds[peer],
        "later_ratio": later[ours] / later[peer],
    }


def _summary(found: pd.DataFrame) -> str:
    """Return the sentence above the table of a pair."""
    worse = int(((found["p"] < 0.05) & (found["worse"] > 0)).sum())
    better = int(((found["p"] < 0.05) & (found["worse"] < 0)).sum())
    middle, low, high, n = ratio(1 + found["worse"], pd.Series(1.0, found.index))
    text = (
        f"{n} sets: loss ours / its {middle:.3f} ({low:.3f} to {high:.3f}), geometric mean with "
        f"95 % bootstrap interval over sets; {better} better and {worse} worse at 5 % for one set "
        "(not corrected for their number)."
    )
    for title, part in (
        ("up to 2 000 rows", found[found["rows"] <= 2000]),
        ("above", found[found["rows"] > 2000]),
    ):
        if len(part):
            middle, low, high, _ = ratio(part["ours_s"], part["peer_s"])
            text += f" Fit CPU time ours / its, {title}: {middle:.2f} ({low:.2f} to {high:.2f})"
            later = part["later_ratio"].dropna()
            if len(later):
                middle, low, high, _ = ratio(later, pd.Series(1.0, later.index))
                text += f"; without the first fit, which compiles: {middle:.2f} "
                text += f"({low:.2f} to {high:.2f})"
            text += "."
    return text


def _by_score(fits: pd.DataFrame, ours: str, peer: str) -> str:
    """Return how the pair compares by each score, over the sets that have it."""
    means = fits.pivot_table(index="set", columns="method", values=list(_SCORES))
    parts = []
    for score, is_loss in _SCORES.items():
        if not {(score, ours), (score, peer)} <= set(means.columns):
            continue
        pair = means[score][[ours, peer]].dropna()
        difference = pair[ours] - pair[peer]
        better = int((difference < 0).sum() if is_loss else (difference > 0).sum())
        value = f"{ratio(pair[ours], pair[peer])[0]:.3f} times" if is_loss else ""
        parts.append(f"{score} {value or f'{difference.mean():+.3f}'} ({better} of {len(pair)})")
    return "By score, and the sets on which ours is better: " + ", ".join(parts) + "."


def twin_section(fits: pd.DataFrame) -> list[str]:
    """Return a table for each pair of which both have results, from fits on shared folds."""
    lines = []
    for ours, peer in TWINS:
        rows = [_row(str(n), part, ours, peer) for n, part in fits.groupby("set", sort=False)]
        found = pd.DataFrame([r for r in rows if r is not None])
        if found.empty:
            continue
        cells = [
            [r.set, r.rows, r.score, f"{r.ours:.4g}", f"{r.peer:.4g}", f"{100 * r.worse:+.1f} %",
             "-" if np.isnan(r.p) else f"{r.p:.2g}", f"{r.ours_s:.2f}", f"{r.peer_s:.2f}",
             f"{r.ours_s / r.peer_s:.2f}"]
            for r in found.itertuples()
        ]  # fmt: skip
        columns = ["set", "rows", "score", "ours", "its", "ours worse by", "p", "ours CPU s",
                   "its CPU s", "ratio"]  # fmt: skip
        lines += [f"### {ours} and {peer}", "", _summary(found), "",
                  _by_score(fits, ours, peer), "", table(columns, cells), ""]  # fmt: skip
    if not lines:
        return []
    head = "p: paired t-test over folds with the variance of Nadeau and Bengio (2003), two-sided."
    return ["## Ours and the original of the same name", "", head, "", *lines]
