import re

import numpy as np
import pandas as pd
import pytest
from audit_toys import CHECKS, Accuracy, Alarming, Broken, toy_data
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression

from appliednn.audit import Check, CheckResult, audit
from appliednn.audit._inputs import make_context
from appliednn.audit.checks import SECTIONS, all_checks
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate

MODEL, X, Y = toy_data()


def _refused(message, **changes):
    given = {"model": MODEL, "X_test": X, "y_test": Y, **changes}
    model, rows, labels = (given.pop(k) for k in ("model", "X_test", "y_test"))
    with pytest.raises(UsageError, match=re.escape(message)):
        make_context(model, rows, labels, **given)


def test_what_is_no_fitted_model_is_refused():
    _refused("got the class LogisticRegression", model=LogisticRegression)
    _refused("with predict, got dict", model={})
    _refused("call LogisticRegression.fit first", model=LinearRegressionLike())
    _refused("the model is not fitted", model=LinearRegression(), y_test=np.zeros(len(X)))


class LinearRegressionLike(LogisticRegression):
    """Claims classes without being fitted."""

    classes_ = np.array(["no", "yes"])


LinearRegressionLike.__name__ = "LogisticRegression"


def test_rows_that_do_not_go_together_are_refused():
    _refused("X_test has 120 rows and y_test 5: give one each", y_test=Y[:5])
    _refused("got shape (120, 2, 1)", X_test=X.to_numpy()[:, :, None])
    _refused("got shape (120,)", X_test=X["age"])
    _refused("X_test has no rows", X_test=X[:0], y_test=Y[:0])
    _refused("must have shape (n,), got (120, 2); an audit judges one", y_test=np.c_[Y, Y])
    _refused("give X_train and y_train together", X_train=X)
    _refused("X_train has 120 rows and y_train 3", X_train=X, y_train=Y[:3])
    _refused("sensitive has 4 rows and X_test 120", sensitive=pd.DataFrame({"sex": list("mfmf")}))


def test_a_model_of_several_targets_is_refused():
    both = LinearRegression().fit(X, np.c_[X, X["age"]])
    _refused("LinearRegression predicts 3 values for each row", model=both, y_test=X["age"])


def test_missing_labels_are_counted():
    labels = np.array(Y, dtype=object)
    labels[[3, 7]] = None
    _refused("y_test has 2 missing values", y_test=labels)


def test_rows_in_another_order_are_refused():
    shuffled = X.sample(frac=1, random_state=0)
    labels = pd.Series(Y, index=X.index + 1)
    _refused("the row labels of X_test and y_test differ", X_test=shuffled, y_test=labels)
    same = make_context(MODEL, shuffled, pd.Series(Y).loc[shuffled.index])
    assert (same.y_test == Y[shuffled.index]).all()


def test_columns_are_compared_with_the_model_and_the_training_rows():
    _refused("fitted on 2 features and X_test has 1", X_test=X[["age"]])
    renamed = X.rename(columns={"age": "Age"})
    _refused("only in X_test: Age; only in the model: age", X_test=renamed)
    _refused("only in X_test: age; only in X_train: Age", X_train=renamed, y_train=Y)
    _refused("their order differs", X_test=X[["income", "age"]])
    double = pd.concat([X["age"], X["age"]], axis=1)
    _refused("columns of the same name: age", X_test=double)


def test_labels_of_another_type_are_named():
    _refused("found 1, 0; the model knows 'no', 'yes'", y_test=(Y == "yes").astype(int))
    _refused("positive='yess' is not among", positive="yess")
    _refused("did you mean 'yes'?", positive="yess")
    regressor = LinearRegression().fit(X, np.arange(len(X)))
    _refused("must be numbers, got dtype", model=regressor)
    _refused("positive is for classifiers", model=regressor, y_test=np.arange(120), positive=1)


def test_a_model_that_cannot_predict_is_named_with_its_error():
    rows = X.assign(age="old")
    _refused("LogisticRegression cannot predict the rows of X_test: could not", X_test=rows)


def test_options_and_seed_are_checked():
    _refused("options: 'fairnes' is no section; did you mean 'fairness'?", options={"fairnes": {}})
    _refused("options['fairness'] must be a mapping", options={"fairness": 1})
    _refused("random_state must be a whole number, got None", random_state=None)


def test_sensitive_attributes_come_in_many_forms():
    sex = np.array(["m", "f"] * 60)
    forms = {
        "sex": [pd.DataFrame({"sex": sex}), pd.Series(sex, name="sex"), {"sex": sex}],
        "sensitive": [sex, list(sex), pd.Series(sex)],
        "age": ["age", ["age"]],
    }
    for name, given in forms.items():
        for value in given:
            context = make_context(MODEL, X, Y, sensitive=value)
            assert list(context.sensitive.columns) == [name]
            assert len(context.sensitive) == 120
    _refused("X_test has no column 'agee'; did you mean 'age'?", sensitive=["agee"])


def test_a_model_that_is_no_scikit_learn_estimator_is_taken_as_it_predicts():
    class Rule:
        classes_ = np.array(["no", "yes"])

        def predict(self, rows):
            return np.where(rows["age"] > 0, "yes", "no")

    class Number:
        def predict(self, rows):
            return rows["age"].to_numpy()

    assert make_context(Rule(), X, Y).task == "binary"
    assert make_context(Number(), X, X["income"]).task == "regression"


def test_each_check_runs_and_the_rest_survives_one_that_breaks():
    report = audit(MODEL, X, Y, checks=(Broken, *CHECKS), gates=[])
    assert [r.id for rs in report.sections.values() for r in rs] == ["ANN901", "ANN902"]
    broken, idle = report.not_checked
    assert (broken.id, broken.failed) == ("ANN904", True)
    assert broken.reason == "failed: ZeroDivisionError: integer division or modulo by zero"
    assert (idle.id, idle.failed) == ("ANN903", False)


def test_the_accuracy_that_a_check_sees_is_that_of_the_model():
    report = audit(MODEL, X, Y, checks=[Accuracy], gates=[])
    assert report.metrics["toy_accuracy"] == pytest.approx(MODEL.score(X, Y))


def test_a_broken_check_takes_the_pass():
    gates = [{"metric": "toy_accuracy", "op": ">=", "threshold": 0.5}]
    assert audit(MODEL, X, Y, checks=[Accuracy], gates=gates).verdict == "PASS"
    assert audit(MODEL, X, Y, checks=[Accuracy, Broken], gates=gates).verdict == "INCONCLUSIVE"


def test_an_interrupt_is_not_swallowed():
    class Interrupted(Check):
        id, section, title = "ANN905", "data", "Stop"

        def run(self, context):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(MODEL, X, Y, checks=[Interrupted], gates=[])


def test_checks_are_chosen_by_id_section_or_class_and_skipped_by_option():
    options = {"skip": ["data", "ANN903"]}
    report = audit(MODEL, X, Y, checks=CHECKS, gates=[], options=options)
    assert [r.id for rs in report.sections.values() for r in rs] == ["ANN901"]
    reasons = {n.id: n.reason for n in report.not_checked}
    assert reasons == {"ANN902": "skipped by the options", "ANN903": "skipped by the options"}
    with pytest.raises(UsageError, match="'fairnes' is no check or section; did you mean"):
        audit(MODEL, X, Y, checks=["fairnes"])
    with pytest.raises(UsageError, match="no check is left to run"):
        audit(MODEL, X, Y, checks=[Accuracy], options={"skip": ["ANN901"]})


def test_a_check_of_the_caller_needs_labels_of_its_own():
    class Nameless(Check):
        section, title = "data", "x"

        def run(self, context):
            return CheckResult()

    class Odd(Nameless):
        id = "my check"

    class Double(Nameless):
        id = "ANN901"

    for checks, message in (
        ([Nameless], "Nameless needs a class attribute 'id'"),
        ([Odd], "must be letters, digits"),
        ([Accuracy, Double], "Double and Accuracy share the id 'ANN901'"),
    ):
        with pytest.raises(UsageError, match=message):
            audit(MODEL, X, Y, checks=checks)


def test_findings_come_worst_first_and_hints_last():
    report = audit(MODEL, X, Y, checks=CHECKS, gates=[])
    assert [f.id for f in report.findings] == ["ANN902.1", "ANN901.1", "ANN902.2"]


class MemoryJournal(dict):
    """Keeps entries and counts what is put."""

    def get(self, key):
        return super().get(key)

    def put(self, key, data):
        assert isinstance(data, bytes)
        self[key] = data


def _counting(n_runs):
    class Counting(Check):
        id, section, title = "ANN906", "slices", "Draws"
        keys = ("toy_draw",)

        def run(self, context):
            n_runs.append(1)
            value = float(context.rng(self.id).random())
            return CheckResult({"toy_draw": Estimate("draw", value, (value / 3, value), 7)})

    return Counting


def test_a_journal_gives_finished_checks_back_bit_for_bit():
    journal, n_runs = MemoryJournal(), []
    checks = [_counting(n_runs), Accuracy, Alarming]
    first = audit(MODEL, X, Y, checks=checks, gates=[], journal=journal)
    again = audit(MODEL, X, Y, checks=checks, gates=[], journal=journal)
    assert n_runs == [1]
    assert again.to_dict()["sections"] == first.to_dict()["sections"]
    assert again.sections["performance"][0].result == first.sections["performance"][0].result


@pytest.mark.parametrize("change", ["seed", "data", "options", "model", "damage"])
def test_a_journal_of_another_audit_is_not_used(change):
    journal, n_runs = MemoryJournal(), []
    checks = [_counting(n_runs)]
    audit(MODEL, X, Y, checks=checks, gates=[], journal=journal)
    model, rows, more = MODEL, X, {}
    if change == "seed":
        more = {"random_state": 1}
    elif change == "options":
        more = {"options": {"slices": {"min_size": 5}}}
    elif change == "data":
        rows = X + 1e-6
    elif change == "model":
        model = LogisticRegression(C=0.01).fit(X, Y)
    else:
        journal["ANN906"] = journal["ANN906"][:-9]
    audit(model, rows, Y, checks=checks, gates=[], journal=journal, **more)
    assert len(n_runs) == 2


def test_an_audit_interrupted_half_way_goes_on_from_there():
    journal, n_runs = MemoryJournal(), []

    class Killed(Check):
        id, section, title = "ANN907", "data", "Killed once"

        def run(self, context):
            if not journal.get("killed"):
                journal.put("killed", b"1")
                raise KeyboardInterrupt
            return CheckResult()

    checks = [_counting(n_runs), Killed]
    with pytest.raises(KeyboardInterrupt):
        audit(MODEL, X, Y, checks=checks, gates=[], journal=journal)
    report = audit(MODEL, X, Y, checks=checks, gates=[], journal=journal)
    assert n_runs == [1]
    assert set(report.sections) == {"slices", "data"}


def test_progress_is_told_of_each_check(capsys):
    told = []
    audit(MODEL, X, Y, checks=CHECKS, gates=[], progress=lambda *a: told.append(a))
    assert told[0] == ("ANN901", "How often it is right", 1, 3, "start")
    assert told[-1] == ("ANN903", "Groups", 3, 3, "done")
    audit(MODEL, X, Y, checks=CHECKS, gates=[], progress=True)
    assert "audit 2/3: ANN902 Columns that look odd" in capsys.readouterr().err
    audit(MODEL, X, Y, checks=CHECKS, gates=[])
    assert capsys.readouterr().err == ""
    with pytest.raises(UsageError, match="progress must be"):
        audit(MODEL, X, Y, checks=CHECKS, gates=[], progress="loud")


def test_a_model_sees_its_own_column_labels():
    seen = []

    class Watching:
        classes_ = np.array(["no", "yes"])

        def predict(self, rows):
            seen.append(list(rows.columns))
            return np.where(rows.iloc[:, 0] > 0, "yes", "no")

    numbered = X.set_axis([7, 8], axis=1)
    context = make_context(Watching(), numbered, Y)
    assert list(context.X_test.columns) == ["7", "8"]
    context.predict(context.X_test.iloc[:3])
    assert seen == [[7, 8], [7, 8]]


def test_an_estimator_inside_is_not_changed_by_the_audit():
    class Watching(BaseEstimator):
        classes_ = np.array(["no", "yes"])

        def predict(self, rows):
            assert isinstance(rows, np.ndarray)
            return np.where(rows[:, 0] > 0, "yes", "no")

    report = audit(Watching(), X.to_numpy(), Y, checks=[Accuracy], gates=[])
    assert report.task in ("binary", "regression")


def test_the_package_lists_checks_with_distinct_ids_in_known_sections():
    checks = all_checks()
    assert len({c.id for c in checks}) == len(checks)
    for check in checks:
        assert re.fullmatch(r"ANN\d{3,4}", check.id)
        assert check.section in SECTIONS
        assert check.title and not check.title.endswith(".")
