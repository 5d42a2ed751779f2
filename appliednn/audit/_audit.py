"""The entry point: a fitted model and held-out data in, a verdict with its evidence out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from appliednn.audit._base import Check
from appliednn.audit._conduct import conduct, take_orders
from appliednn.audit._gates import Gate
from appliednn.audit._inputs import make_context
from appliednn.audit._journal import Journal
from appliednn.audit._records import Progress
from appliednn.audit._report import AuditReport


def audit(
    model,
    X_test,
    y_test=None,
    *,
    X_train=None,
    y_train=None,
    sensitive=None,
    positive=None,
    gates: Sequence[Gate | Mapping[str, Any]] | None = None,
    checks: Sequence[str | type[Check]] | None = None,
    options: Mapping[str, Any] | None = None,
    random_state: int = 0,
    journal: Journal | None = None,
    card: Mapping[str, str] | None = None,
    config: str | None = None,
    progress: str | bool | Progress | None = "auto",
) -> AuditReport:
    """Audit a fitted model on data it has not seen.

    Parameters
    ----------
    model : estimator
        Fitted and scikit-learn-compatible: ours, a Pipeline, gradient boosting, an outlier
        detector, ...
    X_test : array-like of shape (n, n_features), or container of n texts
        Held-out rows, as the model takes them; a DataFrame keeps its column names. A model that
        reads text takes any container of strings, one text a row.
    y_test : array-like of shape (n,), optional
        Their labels or target. An outlier detector alone can do without; its labels are booleans,
        1 for anomalies and 0 for others, or -1 for anomalies and 1 for others.
    X_train, y_train : array-like, optional
        What the model was fitted on; without it baselines, duplicates and drift are not checked.
        A detector needs no ``y_train``. Detectors of series take DataFrames whose rows are time
        points, in order.
    sensitive : DataFrame, Series, mapping, array or column names, optional
        Sensitive attributes of the test rows, whether or not the model sees them. Names mean
        columns of ``X_test``.
    positive : label, optional
        The positive class of a binary task; default: the second of ``classes_``.
    gates : sequence of Gate or mapping, optional
        Conditions ``{metric, op, threshold, inconclusive}``; default:
        :func:`~appliednn.audit.default_gates`. An empty list sets none.
    checks : sequence of str or Check class, optional
        Only these, by id or section, or checks of your own; default: all.
    options : mapping, optional
        Options by section (``{"robustness": {"eps": [0.1]}}``); ``"skip"``: ids or sections to
        leave out.
    random_state : int
        Root of every seed: two audits with one seed differ only in times.
    journal : object with get and put, optional
        Keeps each finished check's result, so that an interrupted audit goes on from there.
    card : mapping of str to str, optional
        The owner's words for the model card: ``title``, ``owner``, ``intended_use``, ...
    config : str, optional
        A configuration's text, shown verbatim.
    progress : "auto", bool or callable
        A bar on a terminal by default; True prints lines elsewhere.

    Returns
    -------
    AuditReport

    Raises
    ------
    UsageError
        If the inputs do not fit together, or a gate, check, option or card key is unknown.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:400], y[:400])
    >>> gates = [{"metric": "roc_auc", "op": ">=", "threshold": 0.9}]
    >>> report = audit(model, X[400:], y[400:], gates=gates, checks=["ANN201"])
    >>> report.verdict
    'PASS'
    """
    orders = take_orders(gates, checks, options, card)
    context = make_context(
        model,
        X_test,
        y_test,
        X_train=X_train,
        y_train=y_train,
        sensitive=sensitive,
        positive=positive,
        options=options,
        random_state=random_state,
    )
    return conduct(orders, context, journal=journal, config=config, progress=progress)
