"""What an audit of a model that reads text takes, refuses and leaves out."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from text_toys import classifier, regressor, reviews

from appliednn.audit import audit
from appliednn.audit._reads import takes_strings, what_it_reads
from appliednn.audit._select import fits
from appliednn.audit.checks import all_checks
from appliednn.audit.checks._text_baselines import text_kinds
from appliednn.core.errors import UsageError

X, Y = reviews(200, 0)
X_TEST, Y_TEST = reviews(120, 1)
MODEL = classifier(X, Y)
FORMS = {
    "list": list,
    "tuple": tuple,
    "object": lambda t: np.array(t, dtype=object),
    "unicode": np.array,
    "series": pd.Series,
    "frame": lambda t: pd.DataFrame({"review": t}),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_texts_may_come_in_any_container(form):
    report = audit(MODEL, form(X_TEST), Y_TEST, X_train=form(X), y_train=Y, checks=["ANN201"])
    estimates = report.sections["performance"][0].result.estimates
    assert estimates["accuracy"].value == (MODEL.predict(X_TEST) == Y_TEST).mean()


class Longest(ClassifierMixin, BaseEstimator):
    """Says "good" to texts of more words; has no tags of its own for strings."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.array(["good" if len(t.split()) > 12 else "bad" for t in X])


def test_a_model_without_tags_reads_text_where_it_is_given_strings():
    assert not takes_strings(Longest())
    report = audit(Longest().fit(X, Y), X_TEST, Y_TEST, checks=["ANN201", "ANN1001"], gates=[])
    assert report.task == "binary" and "text" in report.sections


def test_a_search_over_a_pipeline_of_texts_is_known_by_its_best_estimator():
    search = GridSearchCV(
        make_pipeline(TfidfVectorizer(), LogisticRegression()),
        {"logisticregression__C": [1.0]},
        cv=2,
    ).fit(X, Y)
    assert what_it_reads(search, pd.DataFrame({"t": X_TEST})) == "text"
    assert what_it_reads(make_pipeline(HashingVectorizer(), LinearSVC()), X_TEST) == "text"


def test_rows_of_numbers_still_are_a_table():
    assert what_it_reads(LogisticRegression(), np.zeros((3, 1))) == "table"
    assert what_it_reads(LogisticRegression(), np.zeros(3)) == "table"
    with pytest.raises(UsageError, match="table of shape"):
        audit(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), np.zeros(3), [0, 1, 1])


def test_what_cannot_be_texts_is_refused_with_the_reason():
    with pytest.raises(UsageError, match="list of texts"):
        audit(MODEL, "one single text", ["good"])
    with pytest.raises(UsageError, match="3 rows and y_test 2"):
        audit(MODEL, X_TEST[:3], Y_TEST[:2])
    with pytest.raises(UsageError, match="expected a string"):
        audit(MODEL, ["a", 3.5], Y_TEST[:2])


def test_missing_texts_are_empty_ones_with_a_warning():
    with pytest.warns(UserWarning, match="1 missing texts"):
        report = audit(MODEL, [*X_TEST[:-1], None], Y_TEST, checks=["ANN1001"], gates=[])
    share = report.sections["text"][0].result.estimates["empty_text_share"]
    assert share.value == pytest.approx(1 / 120)


def test_every_check_runs_on_text_or_says_why_not():
    groups = np.random.default_rng(0).choice(["a", "b"], len(X_TEST))
    report = audit(
        MODEL,
        X_TEST,
        Y_TEST,
        X_train=X,
        y_train=Y,
        sensitive={"group": groups},
        options={
            "text": {"max_explained": 12, "n_samples": 30, "max_rows": 40, "max_attacked": 15},
            "skip": ["resources"],
        },
    )
    assert not [n for n in report.not_checked if n.failed]
    ran = {r.id for records in report.sections.values() for r in records}
    said = {n.id: n.reason for n in report.not_checked}
    for check in all_checks():
        if "binary" in check.tasks:
            assert check.id in ran or said[check.id] or check.reads == ("tokens",), check.id
            assert fits(check, "binary", "text") or check.id not in ran
    assert {"ANN601", "ANN301", "ANN211", "ANN401"} <= ran
    assert report.verdict == "PASS", report.verdict.reason


def test_a_table_is_asked_no_question_about_texts():
    rng = np.random.default_rng(0)
    rows, y = rng.normal(size=(100, 2)), np.arange(100) % 2
    rows[:, 0] += y
    report = audit(LogisticRegression().fit(rows, y), rows, y, checks=["data", "text"], gates=[])
    assert "text" not in report.sections
    assert not [n for n in report.not_checked if n.section == "text"]
    with pytest.raises(UsageError, match="applies to this model"):
        audit(LogisticRegression().fit(rows, y), rows, y, checks=["text"])


def test_the_baseline_of_texts_is_what_scikit_learn_gives_by_hand():
    from sklearn.metrics import accuracy_score
    from sklearn.pipeline import make_union

    report = audit(MODEL, X_TEST, Y_TEST, X_train=X, y_train=Y, checks=["ANN211"], gates=[])
    gain = report.sections["baselines"][0].result.estimates["accuracy_vs_tfidf"].value
    hand = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\S+"),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LinearSVC(),
    ).fit(X, Y)
    ours, theirs = (accuracy_score(Y_TEST, m.predict(X_TEST)) for m in (MODEL, hand))
    assert gain == pytest.approx(ours - theirs)
    with pytest.raises(UsageError, match="reads tables"):
        text_kinds(["forest"])


def test_a_regressor_of_texts_stands_beside_ridge_on_counted_words():
    rng = np.random.default_rng(0)
    y, y_test = (
        np.array([t.count("great") - t.count("awful") for t in texts])
        + rng.normal(0, 0.1, len(texts))
        for texts in (X, X_TEST)
    )
    model = regressor(X, y)
    report = audit(
        model, X_TEST, y_test, X_train=X, y_train=y,
        checks=["performance", "baselines", "slices", "ANN1001", "ANN1002", "ANN1003", "ANN1021",
                "ANN1031", "ANN1012", "ANN1022"],
        options={"text": {"max_explained": 10, "n_samples": 30, "max_rows": 40}},
    )  # fmt: skip
    assert not [n for n in report.not_checked if n.failed]
    estimates = report.sections["baselines"][0].result.estimates
    assert {"rmse_vs_dummy", "rmse_vs_tfidf"} <= set(estimates)
    assert estimates["rmse_vs_dummy"].ci[0] > 0
    assert report.verdict == "PASS", report.verdict.reason
