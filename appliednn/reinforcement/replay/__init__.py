"""Memories of transitions that an agent learns from again."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "NStepWindow": "._n_step",
        "PrioritizedReplayBuffer": "._prioritized",
        "ReplayBuffer": "._buffer",
        "SumTree": "._sum_tree",
    },
)
