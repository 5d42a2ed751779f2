"""Texts: what they are, what the model makes of them, and what moves it.

Keys
----
``n_test``, ``n_train``, ``n_words``, ``class_share[label]``, ``empty_text_share``,
``text_length_distance`` (ANN1001); ``duplicate_share_train_test``,
``near_duplicate_share_train_test``, ``near_duplicate_share_test``, ``contradicting_share``
(ANN1002); ``unknown_word_share``, ``unknown_word_share_excess``, ``shifted_words``,
``max_single_word_auc`` (ANN1003); ``lime_word[word]``, ``lime_local_fit`` (ANN1011),
``shap_word[word]`` (ANN1012), ``gradients_word[word]``, ``attention_word[word]`` (ANN1013); for
each of ``lime``, ``shap``, ``gradients`` and ``attention``: ``*_words_deletion_gain``,
``*_words_insertion_gain``, ``*_words_seed_stability``, ``*_words_completeness_gap`` (ANN1014);
``accuracy_spoiled[way]`` (``rmse_spoiled``), ``changed_answers[way]``, way: ``typos 0.1``,
``lower case``, ... (ANN1021); ``accuracy_under_substitution``, ``substitution_success``,
``random_substitution_success``, ``words_exchanged``, ``hotflip_success`` (ANN1022);
``identity_change_rate[attribute]``, ``identity_score_gap[attribute]`` (ANN1031).
"""

from __future__ import annotations

from appliednn.audit._base import Check
from appliednn.audit.checks._text_attacks import Substitution
from appliednn.audit.checks._text_copies import Copies
from appliednn.audit.checks._text_data import Texts
from appliednn.audit.checks._text_explanations import EXPLANATIONS
from appliednn.audit.checks._text_persons import IdentityTerms
from appliednn.audit.checks._text_stress import SpoiledTexts
from appliednn.audit.checks._text_vocabulary import Vocabulary

CHECKS: tuple[type[Check], ...] = (
    Texts,
    Copies,
    Vocabulary,
    *EXPLANATIONS,
    SpoiledTexts,
    Substitution,
    IdentityTerms,
)
