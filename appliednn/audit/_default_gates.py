"""Gates when the caller sets none: few, and such that a sound model on sound data meets them.

They ask for what no application can do without. What a good value is for *this* application
(how well, how fair, how robust) only its owner knows: those gates are for the caller to set.
"""

from __future__ import annotations

from collections.abc import Sequence

from appliednn.audit._base import TASKS, Check
from appliednn.audit._gates import Gate
from appliednn.core.errors import UsageError

_LEAK = "A feature that alone all but decides the target is most often a leak."
_COPIES = "Test rows that were trained on flatter the model."
_DUMMY = "A model must beat the guess that looks at no feature."

# Ranking, not log loss: a model trained with class weights on purpose has skewed probabilities.
_RANKS = Gate("roc_auc_vs_dummy", ">=", 0.0, reason=_DUMMY)
_DECIDES = Gate("balanced_accuracy_vs_dummy", ">=", 0.0, reason=_DUMMY)
_CLASSIFIER = (
    Gate("duplicate_share_beyond_chance", "<=", 0.1, reason=_COPIES),
    Gate("max_single_feature_auc", "<=", 0.99, reason=_LEAK),
)
_REGRESSOR = (
    Gate("rmse_vs_dummy", ">=", 0.0, reason=_DUMMY),
    Gate("duplicate_share_beyond_chance", "<=", 0.1, reason=_COPIES),
    Gate("max_single_feature_r2", "<=", 0.97, reason=_LEAK),
)


_WORD = "A word that alone all but decides the label is most often a leak."
_NEAR = "Texts all but equal to trained ones flatter the model."
_COPIED = Gate("near_duplicate_share_train_test", "<=", 0.1, reason=_NEAR)
_TEXT_CLASSIFIER = (_COPIED, Gate("max_single_word_auc", "<=", 0.99, reason=_WORD))
_TEXT_REGRESSOR = (Gate("rmse_vs_dummy", ">=", 0.0, reason=_DUMMY), _COPIED)
_MAJORITY = "A tagger must beat the most frequent tag of each token."
_NOTHING = "A model that writes must beat what costs nothing: a copy, the first sentences."
_COUNTED = "A language model must beat counted n-grams."
_WRITERS = {
    "tagging": (Gate("tag_score_vs_majority", ">=", 0.0, reason=_MAJORITY),),
    "writing": (Gate("written_gain", ">=", 0.0, reason=_NOTHING),),
    "language": (Gate("nats_vs_ngrams", ">=", 0.0, reason=_COUNTED),),
}


_CHANCE = "A detector must rank anomalies higher than chance does."
_INJECTED = "A value five standard deviations from its place must raise the score."
_ALERTS = "Anomalies are the fewer rows: a detector that flags most has no threshold."
_SEED = "Alerts that depend on the seed are no property of the data."
_DETECTOR = (
    Gate("injected_roc_auc[5 sd]", ">=", 0.5, reason=_INJECTED),
    Gate("alert_rate", "<=", 0.5, reason=_ALERTS),
    Gate("seed_stability", ">=", 0.5, reason=_SEED),
)


_AGENT = (
    Gate("return_vs_random", ">=", 0.0, reason="An agent must beat actions drawn at random."),
    Gate("return_vs_constant", ">=", 0.0, reason="An agent must beat one action, always taken."),
)
_THUMB = Gate(
    "return_share_of_rule", ">=", 0.9, reason="A rule of thumb is simpler to answer for."
)


def default_gates(
    task: str,
    checks: Sequence[type[Check]] | None = None,
    *,
    probabilities: bool = True,
    labels: bool = True,
    reads: str = "table",
    rule_of_thumb: bool = False,
) -> list[Gate]:
    """Return the gates of a task.

    Parameters
    ----------
    task : str
        What the model does: ``"binary"``, ``"multiclass"``, ``"regression"``, ``"anomaly"``,
        ``"tagging"``, ``"writing"``, ``"language"`` or ``"reinforcement"``.
    checks : sequence of Check classes, optional
        Only gates on a metric of one of these.
    probabilities : bool
        Whether a classifier gives them; without, its decisions are judged.
    labels : bool
        Whether anomalies are labelled; without, no gate of a detector needs labels.
    reads : {"table", "text", "tokens", "environment"}
        What the model reads.
    rule_of_thumb : bool
        Whether a simple rule is known for an agent's environment.

    Returns
    -------
    list of Gate

    Examples
    --------
    >>> [gate.metric for gate in default_gates("regression")]
    ['rmse_vs_dummy', 'duplicate_share_beyond_chance', 'max_single_feature_r2']
    """
    if task not in TASKS:
        raise UsageError(f"task must be one of {', '.join(TASKS)}, got {task!r}")
    gates = _REGRESSOR if reads == "table" else _TEXT_REGRESSOR
    if task == "reinforcement":
        gates = (*_AGENT, _THUMB) if rule_of_thumb else _AGENT
    elif task in _WRITERS:
        gates = _WRITERS[task]
    elif task == "anomaly":
        ranks = Gate("roc_auc", ">=", 0.5, reason=_CHANCE)
        gates = (ranks, *_DETECTOR) if labels else _DETECTOR
    elif task != "regression":
        own = _CLASSIFIER if reads == "table" else _TEXT_CLASSIFIER
        gates = (_RANKS if probabilities else _DECIDES, *own)
    if checks is None:
        return list(gates)
    keys = {key for check in checks for key in check.keys}
    return [gate for gate in gates if gate.stem in keys]
