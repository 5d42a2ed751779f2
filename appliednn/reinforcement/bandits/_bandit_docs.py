"""The class docstring of ContextualBandit: parameters, attributes, sources, example."""

from __future__ import annotations

_MORE = """

    Parameters
    ----------
    policy : {"linucb", "thompson", "epsilon_greedy", "neural"}, default="linucb"
        Rewards by a ridge regression for each action, explored by upper bounds, by draws from
        the posteriors, or evenly with probability ``epsilon``; ``"neural"``: rewards by a
        network that reads context and action, explored evenly with probability ``epsilon``.
    actions : array-like of shape (n_actions,), optional
        All actions there are; by default those of the first log.
    alpha : float, default=1.0
        How many deviations the upper bound lies above the expected reward; for ``"thompson"``
        the factor of the posteriors' deviations. In units of the reward's noise: with rewards
        whose noise has the deviation s, s is a good choice.
    epsilon : float in [0, 1], default=0.1
        Share of decisions that are drawn evenly.
    ridge : float, default=1.0
        Penalty on squared coefficients (the intercept's too): the prior's precision.
    fit_intercept : bool, default=True
        Whether an action has a reward of its own beside the context's.
    weighting : {"none", "propensity"}, default="none"
        ``"propensity"``: a decision weighs ``1 / (n_actions * propensity)``, as if the log had
        chosen evenly. For models that cannot be right everywhere.
    max_weight : float, default=20.0
        Largest such weight.
    numeric : str, default="auto"
        How numbers are scaled, as in :class:`~appliednn.tabular.TabularEncoder`; ``"auto"``: not
        at all, for the network ``"robust"``. The ridge wants numbers of the order of 1.
    missing : {"median_indicator", "median", "error"}, default="median_indicator"
        What becomes of missing values.
    hidden_layer_sizes, learning_rate, epochs, batch_size
        Of the network, as in :class:`~appliednn.tabular.MLPRegressor`.
    max_seconds : float, optional
        Longest training time of the network.
    verbose : bool or "auto", default="auto"
        The network's progress bar.
    random_state : int, RandomState or None, default=None
        Seeds the network. Draws of ``select`` have a seed of their own.

    Attributes
    ----------
    actions_ : ndarray of shape (n_actions,)
        Labels in order; also as ``classes_``.
    action_counts_ : ndarray of int, shape (n_actions,)
        Decisions learnt from.
    arms_ : LinearArms
        Precision matrices and moments of the linear policies.
    model_ : MLPRegressor
        The network of ``policy="neural"``; ``history_``, ``n_epochs_``, ``stop_reason_`` are its.
    encoder_ : TabularEncoder
        From rows to numbers.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    References
    ----------
    L. Li, W. Chu, J. Langford, R. E. Schapire, "A Contextual-Bandit Approach to Personalized News
    Article Recommendation", WWW 2010 (LinUCB with disjoint models).
    S. Agrawal, N. Goyal, "Thompson Sampling for Contextual Bandits with Linear Payoffs", ICML
    2013.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, actions = rng.normal(size=(400, 2)), rng.choice(["coat", "shirt"], 400)
    >>> rewards = np.where(actions == "coat", -X[:, 0], X[:, 0]) + rng.normal(0, 0.1, 400)
    >>> bandit = ContextualBandit().fit(X, actions, rewards, propensity=np.full(400, 0.5))
    >>> bandit.predict([[-1.0, 0.0], [1.0, 0.0]]).tolist()
    ['coat', 'shirt']
    >>> taken, propensity = bandit.select([[2.0, 0.0]], random_state=0)
    >>> taken.tolist(), propensity.tolist()
    (['shirt'], [1.0])
    """


def document(cls):
    """Append the text to a class's docstring."""
    cls.__doc__ = cls.__doc__.rstrip() + _MORE.rstrip(" ")
    return cls
