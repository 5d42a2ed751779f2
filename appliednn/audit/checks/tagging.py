"""Taggers: entities and tags, beside each word's usual tag; what is missed, what spoils it.

Keys
----
``entity_f1``, ``entity_precision``, ``entity_recall``, ``entity_type_f1[type]``,
``token_accuracy``, ``tag_score_vs_majority`` (ANN1041); ``entity_recall_by[kind]``, kind: ``seen
in training``, ``unseen``, ``of 1 token``, ..., ``unseen_recall_gap`` (ANN1042); ``n_test``,
``n_train``, ``n_test_tokens``, ``duplicate_share_train_test``, ``unknown_word_share`` (ANN1043);
``tag_score_spoiled[way]``, ``tag_score_lost[way]`` (ANN1044).
"""

from __future__ import annotations

from appliednn.audit._base import Check
from appliednn.audit.checks._tagging_entities import Entities, EntityKinds
from appliednn.audit.checks._tagging_stress import Sentences, SpoiledSentences

CHECKS: tuple[type[Check], ...] = (Entities, EntityKinds, Sentences, SpoiledSentences)
