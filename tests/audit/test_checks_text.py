"""Checks of texts: planted defects are found, and nothing is found where nothing is wrong."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from text_toys import COMMON, classifier, reviews

from appliednn.audit import audit
from appliednn.audit.checks._text_shared import reader_with

X, Y = reviews(300, 0)
X_TEST, Y_TEST = reviews(200, 1)
MODEL = classifier(X, Y)


def results(checks, model=MODEL, X_test=X_TEST, y_test=Y_TEST, X_train=X, y_train=Y, **text):
    report = audit(
        model, X_test, y_test, X_train=X_train, y_train=y_train, checks=checks, gates=[],
        options={"text": text},
    )  # fmt: skip
    assert not [n for n in report.not_checked if n.failed]
    return {r.id: r.result for r in report.sections["text"]}


def titles(result):
    return [f.title for f in result.findings]


def test_texts_of_one_source_give_no_finding():
    for made in results(["ANN1001", "ANN1002", "ANN1003"]).values():
        assert titles(made) == []


def test_default_gates_pass_on_texts_without_a_defect():
    passed = 0
    for seed in range(4):
        train, y = reviews(150, 10 + seed)
        test, y_test = reviews(100, 50 + seed)
        report = audit(
            classifier(train, y), test, y_test, X_train=train, y_train=y,
            checks=["ANN211", "ANN1002", "ANN1003"],
        )  # fmt: skip
        assert {g.gate.metric for g in report.gates} == {
            "roc_auc_vs_dummy", "near_duplicate_share_train_test", "max_single_word_auc",
        }  # fmt: skip
        assert not any(g.fails for g in report.gates)
        passed += report.verdict == "PASS"
    assert passed >= 3


def test_near_copies_of_training_texts_are_counted():
    copied = [f"{t}!" for t in X[:80]] + X_TEST[80:]
    y = np.concatenate([Y[:80], Y_TEST[80:]])
    made = results(["ANN1002"], X_test=copied, y_test=y)["ANN1002"]
    share = made.estimates["near_duplicate_share_train_test"]
    assert share.value == pytest.approx(0.4)
    assert made.estimates["duplicate_share_train_test"].value == 0
    assert made.findings[0].severity == "high"


def test_twins_with_unlike_labels_are_counted():
    texts = ["the same words as before it"] * 2 + X_TEST
    y = np.concatenate([["good", "bad"], Y_TEST])
    made = results(["ANN1002"], X_test=texts, y_test=y)["ANN1002"]
    assert made.estimates["contradicting_share"].value == pytest.approx(2 / 502)


def test_a_word_that_gives_the_label_away_is_named():
    def leak(label, rng):
        return ["zuname"] if label == "good" else []

    train, y = reviews(300, 2, leak)
    test, y_test = reviews(200, 3, leak)
    made = results(["ANN1003"], classifier(train, y), test, y_test, train, y)["ANN1003"]
    assert made.estimates["max_single_word_auc"].value == 1.0
    assert titles(made) == ["One word tells the label"]
    assert "'zuname'" in made.findings[0].text


def test_words_that_are_new_or_more_frequent_in_test_texts_are_found():
    shifted, y = reviews(200, 4, lambda label, rng: ["novelty", f"name{rng.integers(10**6)}"] * 2)
    made = results(["ANN1003"], X_test=shifted, y_test=y)["ANN1003"]
    assert made.estimates["unknown_word_share_excess"].ci[0] > 0.1
    assert made.estimates["shifted_words"].value >= 1
    table = next(t for t in made.tables if "another frequency" in t.title)
    assert table.rows[0][:3] == ["novelty", "0 %", "100 %"]
    assert not any(str(row[0]).startswith("name") for row in table.rows)  # too rare to be shown


def test_empty_and_longer_texts_are_reported():
    longer = [f"{t} {t}" for t in X_TEST[:-20]] + ["..."] * 20
    made = results(["ANN1001"], X_test=longer)["ANN1001"]
    assert made.estimates["empty_text_share"].value == pytest.approx(0.1)
    assert titles(made) == ["Texts without a word", "Test texts are of another length"]


class Spelling(ClassifierMixin, BaseEstimator):
    """Knows words only as they are spelled, in small letters."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        p = np.array([0.9 if "lovely" in t.split() else 0.1 for t in X])
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def _spelled(n):
    rng = np.random.default_rng(5)
    texts = [
        " ".join(rng.choice(COMMON, 8)) + (" lovely" if i % 2 else " hideous") for i in range(n)
    ]
    return texts, np.array(["good" if i % 2 else "bad" for i in range(n)])


def test_a_model_of_spellings_is_caught_by_case_typos_and_exchanged_words():
    texts, y = _spelled(120)
    made = results(
        ["ANN1021", "ANN1022"], Spelling().fit(texts, y), texts, y, texts, y, max_attacked=40
    )
    lost = {row[0]: row for row in made["ANN1021"].tables[0].rows}
    assert lost["as given"][1].value == 1.0
    assert lost["upper case"][1].value == 0.5
    assert lost["lower case"][2].value == 0.0
    assert "Costly: upper case" in titles(made["ANN1021"])
    found = made["ANN1022"].estimates
    # Half of the texts hold the one word that decides; the search finds it, chance seldom.
    assert 0.3 < found["substitution_success"].value < 0.7
    assert found["random_substitution_success"].value < found["substitution_success"].value


class Prejudice(ClassifierMixin, BaseEstimator):
    """Says "bad" wherever a woman is spoken of."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        p = np.array([0.9 if {"she", "her", "woman"} & set(t.split()) else 0.2 for t in X])
        return np.column_stack([p, 1 - p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_a_model_that_looks_at_who_a_person_is_is_found_out():
    rng = np.random.default_rng(6)
    texts = [f"{'he' if i % 2 else 'she'} was at the {rng.choice(COMMON)} fair" for i in range(80)]
    y = np.array(["good" if i % 2 else "bad" for i in range(80)])
    made = results(["ANN1031"], Prejudice().fit(texts, y), texts, y, texts, y)["ANN1031"]
    assert made.estimates["identity_change_rate[gender]"].value == 1.0
    assert made.estimates["identity_score_gap[gender]"].value == pytest.approx(0.7)
    assert made.estimates["identity_change_rate[religion]"].value == 0.0
    assert titles(made) == ["The answer hangs on gender"]
    assert made.findings[0].severity == "high"
    row = next(r for r in made.tables[0].rows if r[0] == "gender")
    assert row[-2:] == ["male", "female"]  # the probability is that of "good"


def test_a_model_that_does_not_look_at_persons_gives_no_finding():
    assert titles(results(["ANN1031"])["ANN1031"]) == []


def test_texts_of_another_language_are_not_judged_by_english_words():
    german = [f"das ist ein Haus und {i} noch eines" for i in range(60)]
    y = np.array(["good", "bad"] * 30)
    report = audit(classifier(german, y), german, y, checks=["ANN1031", "ANN1001"], gates=[])
    reasons = {n.id: n.reason for n in report.not_checked}
    assert "English" in reasons["ANN1031"]


def test_short_texts_are_slices_where_only_they_are_answered_wrongly():
    rng = np.random.default_rng(7)
    texts, y = [], []
    for i in range(600):
        label = "good" if i % 2 else "bad"
        n = 3 if i % 4 < 2 else 15
        word = "great" if (label == "good") == (n == 15 or rng.random() < 0.5) else "awful"
        texts.append(" ".join([*rng.choice(COMMON, n), word]))
        y.append(label)
    y = np.array(y)
    report = audit(
        classifier(texts[:200], y[:200]), texts[200:], y[200:], X_train=texts[:200],
        y_train=y[:200], checks=["ANN301"], gates=[],
    )  # fmt: skip
    found = report.sections["slices"][0].result
    assert found.findings and "words" in found.findings[0].title


def test_no_text_and_no_rare_word_stands_in_the_report():
    secret = "meinekontonummer1234"
    texts = [*X_TEST[:-2], f"{X_TEST[-2]} {secret}", f"{X_TEST[-1]} {secret}"]
    report = audit(
        MODEL, texts, Y_TEST, X_train=X, y_train=Y, gates=[], checks=["text"],
        options={
            "text": {"max_explained": 30, "n_samples": 20, "max_rows": 50, "max_attacked": 10}
        },
    )  # fmt: skip
    page = report.to_html()
    assert secret not in page
    assert not any(text in page for text in texts)


def test_two_audits_with_one_seed_agree():
    first, second = (
        results(["ANN1011", "ANN1021", "ANN1022"], max_explained=10, n_samples=30, max_rows=30,
                max_attacked=12)
        for _ in range(2)
    )  # fmt: skip
    assert {k: r.estimates for k, r in first.items()} == {
        k: r.estimates for k, r in second.items()
    }


def test_a_network_is_heard_through_wrappers_but_not_behind_other_steps():
    reader = SimpleNamespace(token_attributions=len)
    wrapped = SimpleNamespace(estimator_=reader)
    one_step = SimpleNamespace(steps=[("only", wrapped)])
    behind = SimpleNamespace(steps=[("first", object()), ("last", reader)])
    for model, found in ((wrapped, reader), (one_step, reader), (behind, None)):
        assert reader_with(SimpleNamespace(model=model), "token_attributions") is found
