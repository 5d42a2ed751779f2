"""The closed list of networks: from a name to what builds it and what it computes.

Modules are named, not imported: a network's own is loaded when it is used.
"""

from __future__ import annotations

_TABLES = "appliednn.tabular.networks"
_ANOMALY = "appliednn.anomaly"
_TEXT = "appliednn.text"
_AGENTS = "appliednn.reinforcement.agents"
_OFFLINE = "appliednn.reinforcement.offline"

#: Name of an architecture: module and function that build its Keras model.
BUILDERS: dict[str, tuple[str, str]] = {
    "mlp": (f"{_TABLES}._mlp_architecture", "build_mlp"),
    "realmlp": (f"{_TABLES}._realmlp_architecture", "build_realmlp"),
    "tabm": (f"{_TABLES}._tabm_architecture", "build_tabm"),
    "resnet": (f"{_TABLES}._resnet_architecture", "build_resnet"),
    "ft_transformer": (f"{_TABLES}._ft_transformer_architecture", "build_ft_transformer"),
    "dense_detector": (f"{_ANOMALY}._dense_architecture", "build_dense"),
    "vae_detector": (f"{_ANOMALY}._vae_architecture", "build_vae"),
    "gan_detector": (f"{_ANOMALY}._gan_architecture", "build_gan"),
    "next_step": (f"{_ANOMALY}.series._architectures", "build_next_step"),
    "sequence_autoencoder": (f"{_ANOMALY}.series._architectures", "build_sequence_autoencoder"),
    "text_bag": (f"{_TEXT}.classification._networks", "build_bag"),
    "text_tokens": (f"{_TEXT}.classification._networks", "build_tokens"),
    "token_tagger": (f"{_TEXT}.tagging._architecture", "build_tagger"),
    "skipgram": (f"{_TEXT}.embedding._architecture", "build_skipgram"),
    "bert": (f"{_TEXT}.encoder._architecture", "build_bert"),
    "bert_pieces": (f"{_TEXT}.encoder._architecture", "build_bert"),
    "bert_outputs": (f"{_TEXT}.encoder._architecture", "build_bert"),
    "bert_spans": (f"{_TEXT}.encoder._architecture", "build_bert"),
    "vector_head": (f"{_TEXT}.encoder._architecture", "build_vector_head"),
    "span_attention": (f"{_TEXT}.answering._span_network", "build_span_attention"),
    "lstm_language": (f"{_TEXT}.generation._language_networks", "build_lstm_language"),
    "transformer_language": (
        f"{_TEXT}.generation._language_networks",
        "build_transformer_language",
    ),
    "gru_translation": (f"{_TEXT}.generation._translation_networks", "build_gru_translation"),
    "transformer_translation": (
        f"{_TEXT}.generation._translation_networks",
        "build_transformer_translation",
    ),
    "actor_critic": (f"{_AGENTS}.on_policy._actor_critic_network", "build_actor_critic"),
    "recurrent_actor_critic": (
        f"{_AGENTS}.on_policy._recurrent_network",
        "build_recurrent_actor_critic",
    ),
    "q_network": (f"{_AGENTS}.off_policy._q_network", "build_q_network"),
    "deterministic_actor_critic": (
        f"{_AGENTS}.off_policy._replay_actor_critic",
        "build_deterministic_actor_critic",
    ),
    "squashed_actor_critic": (
        f"{_AGENTS}.off_policy._replay_actor_critic",
        "build_squashed_actor_critic",
    ),
    "cloned_policy": (f"{_OFFLINE}._networks", "build_cloned_policy"),
    "offline_q": (f"{_OFFLINE}._networks", "build_offline_q"),
    "keras": ("appliednn.core._keras_architecture", "build_from_config"),
}

_DECISIONS = {name: name for name in ("decision", "weighted_decision", "value")}
_BERT = f"{_TEXT}.encoder._functions"
_LANGUAGE = (
    f"{_TEXT}.generation._language_networks",
    {p: f"language_{p}" for p in ("loss", "log_probs", "logits", "prefill", "step")},
)
_TRANSLATION = (
    f"{_TEXT}.generation._translation_networks",
    {p: f"translation_{p}" for p in ("loss", "log_probs", "logits", "encode", "step")},
)
#: What a network of sequences computes: module, and function by the name it is called by;
#: ``"loss"`` trains it.
FUNCTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "text_bag": (
        f"{_TEXT}.classification._networks",
        {"loss": "loss", "forward": "forward", "output": "chosen_output"},
    ),
    "text_tokens": (
        f"{_TEXT}.classification._networks",
        {
            "loss": "loss",
            "forward": "forward",
            "embed": "embed",
            "output": "chosen_output_of_embedded",
            "embedded_loss": "embedded_loss",
            "attention": "attention",
        },
    ),
    "token_tagger": (
        f"{_TEXT}.tagging._architecture",
        {"loss": "loss", "emissions": "emissions"},
    ),
    "skipgram": (f"{_TEXT}.embedding._architecture", {"loss": "loss", "vectors": "vectors"}),
    "bert": (_BERT, {"loss": "contrastive_loss", "embed": "embed", "hidden": "hidden"}),
    "bert_pieces": (_BERT, {"loss": "masked_loss", "scores": "masked_scores"}),
    "bert_outputs": (_BERT, {"loss": "head_loss", "forward": "forward", "embed": "embed"}),
    "bert_spans": (_BERT, {"loss": "span_loss", "spans": "span_scores"}),
    "span_attention": (
        f"{_TEXT}.answering._span_network",
        {"loss": "span_loss", "spans": "span_scores"},
    ),
    "vector_head": (_BERT, {"loss": "vector_loss", "forward": "vector_forward"}),
    "lstm_language": _LANGUAGE,
    "transformer_language": _LANGUAGE,
    "gru_translation": _TRANSLATION,
    "transformer_translation": _TRANSLATION,
    "recurrent_actor_critic": (
        f"{_AGENTS}.on_policy._recurrent_network",
        {
            "recurrent_ppo_loss": "recurrent_ppo_loss",
            "encode": "encode",
            **_DECISIONS,
        },
    ),
    "actor_critic": (
        f"{_AGENTS}.on_policy._actor_critic_network",
        {
            "ppo_loss": "ppo_loss",
            "policy_gradient_loss": "policy_gradient_loss",
            **_DECISIONS,
        },
    ),
    "q_network": (
        f"{_AGENTS}.off_policy._q_network",
        {"dqn_loss": "dqn_loss", "double_dqn_loss": "double_dqn_loss", **_DECISIONS},
    ),
    "deterministic_actor_critic": (
        f"{_AGENTS}.off_policy._replay_actor_critic",
        {
            "critic_loss": "td3_critic_loss",
            "actor_loss": "td3_actor_loss",
            "actor_scores": "actor_scores",
            **_DECISIONS,
        },
    ),
    "squashed_actor_critic": (
        f"{_AGENTS}.off_policy._replay_actor_critic",
        {
            "critic_loss": "sac_critic_loss",
            "actor_and_temperature_loss": "sac_actor_loss",
            "actor_scores": "actor_scores",
            **_DECISIONS,
        },
    ),
    "cloned_policy": (
        f"{_OFFLINE}._networks",
        {
            "loss": "cloning_loss",
            "decision": "policy_decision",
            "weighted_decision": "policy_weighted",
        },
    ),
    "offline_q": (
        f"{_OFFLINE}._networks",
        {
            "cql_loss": "cql_loss",
            "decision": "q_decision",
            "weighted_decision": "q_weighted",
            "value": "q_value",
        },
    ),
}

#: Keras-free companions of a builder: a forward pass in NumPy, the number of stored numbers.
NUMPY: dict[tuple[str, str], tuple[str, str]] = {
    ("realmlp", "forward"): (f"{_TABLES}._realmlp_numpy", "numpy_realmlp"),
    ("realmlp", "count"): (f"{_TABLES}._realmlp_numpy", "count_realmlp"),
    ("tabm", "forward"): (f"{_TABLES}._tabm_numpy", "numpy_tabm"),
    ("resnet", "forward"): (f"{_TABLES}._resnet_numpy", "numpy_resnet"),
    ("dense_detector", "forward"): (f"{_ANOMALY}._dense_numpy", "numpy_dense"),
    ("dense_detector", "count"): (f"{_ANOMALY}._dense_numpy", "count_dense"),
    ("vae_detector", "count"): (f"{_ANOMALY}._vae_numpy", "count_vae"),
    ("gan_detector", "count"): (f"{_ANOMALY}._gan_size", "count_gan"),
    ("tabm", "count"): (f"{_TABLES}._parameter_counts", "count_tabm"),
    ("resnet", "count"): (f"{_TABLES}._parameter_counts", "count_resnet"),
    ("ft_transformer", "count"): (f"{_TABLES}._parameter_counts", "count_ft_transformer"),
    ("bert", "count"): (f"{_TEXT}.encoder._counts", "count_bert"),
    ("bert_pieces", "count"): (f"{_TEXT}.encoder._counts", "count_bert"),
    ("bert_outputs", "count"): (f"{_TEXT}.encoder._counts", "count_bert"),
    ("bert_spans", "count"): (f"{_TEXT}.encoder._counts", "count_bert"),
    ("vector_head", "count"): (f"{_TEXT}.encoder._counts", "count_vector_head"),
    ("span_attention", "count"): (f"{_TEXT}.answering._count", "count_span_attention"),
    ("actor_critic", "count"): (f"{_AGENTS}._network_counts", "count_actor_critic"),
    ("recurrent_actor_critic", "count"): (
        f"{_AGENTS}._network_counts",
        "count_recurrent_actor_critic",
    ),
    ("q_network", "count"): (f"{_AGENTS}._network_counts", "count_q_network"),
    ("deterministic_actor_critic", "count"): (
        f"{_AGENTS}._network_counts",
        "count_deterministic",
    ),
    ("squashed_actor_critic", "count"): (f"{_AGENTS}._network_counts", "count_squashed"),
    ("cloned_policy", "count"): (f"{_OFFLINE}._network_counts", "count_cloned_policy"),
    ("offline_q", "count"): (f"{_OFFLINE}._network_counts", "count_offline_q"),
}
