"""The checks of detectors against scikit-learn, closed forms and PyOD."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, spearmanr
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from appliednn.audit import audit
from appliednn.audit._context import AuditContext
from appliednn.audit.checks import _inject
from appliednn.audit.checks._beside import weighted_rank_correlation
from appliednn.audit.checks._cheap_detectors import TailScores, encode_alike, fit_cheap
from appliednn.audit.checks._detection_alerts import Flags, rate_ratio
from appliednn.audit.checks._detection_drift import score_gap
from appliednn.audit.checks._detection_labels import area_estimates
from appliednn.audit.checks._detector import Resampling, jaccard, n_top
from appliednn.core.statistics import wilson_interval
from appliednn.diagnostics._resampling import block_counts, bootstrap_draws, stratified_counts


class Distance(OutlierMixin, BaseEstimator):
    """Distance from the training mean; explains by the parts of the squared distance."""

    def __init__(self, limit=3.0, noise=0.0, random_state=None):
        self.limit = limit
        self.noise = noise
        self.random_state = random_state

    def fit(self, X, y=None):
        X = np.asarray(X, dtype=float)
        rng = np.random.default_rng(self.random_state)
        self.mean_ = X.mean(axis=0) + self.noise * rng.normal(size=X.shape[1])
        self.scale_ = X.std(axis=0)
        self.n_features_in_ = X.shape[1]
        return self

    def explain(self, X):
        return ((np.asarray(X, dtype=float) - self.mean_) / self.scale_) ** 2

    def score_samples(self, X):
        return -np.sqrt(self.explain(X).sum(axis=1))

    def predict(self, X):
        return np.where(self.score_samples(X) < -self.limit, -1, 1)


def table(n=400, shift=5.0, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    y = (rng.random(n) < 0.08).astype(int)
    X.loc[y == 1, "a"] += shift
    return train_test_split(X, y, test_size=0.5, random_state=seed, stratify=y)


X, X_TEST, Y, Y_TEST = table()
MODEL = Distance().fit(X)


def results(checks, model=MODEL, X_test=X_TEST, y_test=Y_TEST, X_train=X, **kw):
    report = audit(model, X_test, y_test, X_train=X_train, checks=checks, gates=[], **kw)
    assert not [n for n in report.not_checked if n.failed]
    return {r.id: r.result for rs in report.sections.values() for r in rs}


# -- labels ---------------------------------------------------------------------------------------


def test_scores_of_labelled_anomalies_are_scikit_learns():
    made = results(["ANN901"])["ANN901"].estimates
    scores, flagged = -MODEL.score_samples(X_TEST), MODEL.predict(X_TEST) == -1
    assert made["roc_auc"].value == pytest.approx(roc_auc_score(Y_TEST, scores))
    expected = average_precision_score(Y_TEST, scores)
    assert made["average_precision"].value == pytest.approx(expected)
    top = np.argsort(-scores)[:10]
    assert made["precision_at[10]"].value == Y_TEST[top].mean()
    k = int(Y_TEST.sum())
    assert made["precision_at[n_anomalies]"].value == Y_TEST[np.argsort(-scores)[:k]].mean()
    hits = int((flagged & (Y_TEST == 1)).sum())
    assert made["recall"].ci == wilson_interval(hits, k)
    assert made["precision"].value == hits / flagged.sum()
    assert made["false_alarm_rate"].value == flagged[Y_TEST == 0].mean()


def test_precision_in_the_top_counts_ties_in_part():
    model = Distance().fit(X)
    model.score_samples = lambda rows: np.zeros(len(rows))
    made = results(["ANN901"], model=model)["ANN901"].estimates
    assert made["precision_at[10]"].value == pytest.approx(Y_TEST.mean())
    assert made["roc_auc"].value == 0.5


def test_the_interval_of_the_area_covers_the_truth():
    truth, covered = (
        0.8144533152386513,
        0,
    )  # P(a > b) for normals one and a quarter apart... / sqrt 2
    rng = np.random.default_rng(1)
    for seed in range(30):
        y = np.arange(200) < 40
        score = rng.normal(size=200) + 1.2646 * y
        ways = Resampling(200, seed, groups=y)
        low, high = area_estimates(score, y, ways)["roc_auc"].ci
        covered += low <= truth <= high
    assert covered >= 25


def test_a_detector_no_better_than_chance_is_a_finding():
    model = Distance().fit(X[["b", "c"]])
    report = audit(model, X_TEST[["b", "c"]], Y_TEST, checks=["ANN901"])
    assert report.findings[0].id == "ANN901.1" and report.findings[0].severity == "high"


def test_labels_of_one_kind_cannot_be_ranked():
    report = audit(MODEL, X_TEST, np.zeros(len(X_TEST)), checks=["ANN901", "ANN902"], gates=[])
    assert "every test row is labelled normal" in report.not_checked[0].reason


# -- alerts ---------------------------------------------------------------------------------------


def test_alert_rates_at_the_own_threshold_and_at_training_quantiles():
    made = results(["ANN902"], y_test=None)["ANN902"].estimates
    scores, train = -MODEL.score_samples(X_TEST), -MODEL.score_samples(X)
    assert made["alert_rate"].value == (scores > 3).mean()
    assert made["alert_rate_train"].ci == wilson_interval(int((train > 3).sum()), len(train))
    assert made["alert_rate_above[0.95]"].value == (scores > np.quantile(train, 0.95)).mean()


def flags(flagged):
    n = len(flagged)
    return Flags(flagged, np.ones(n, dtype=bool), Resampling(n, 0))


def test_the_interval_of_the_ratio_of_rates_holds_what_it_promises():
    rng, inside = np.random.default_rng(0), 0
    for _ in range(400):
        test, train = rng.random(300) < 0.06, rng.random(500) < 0.03
        made = rate_ratio(flags(test), flags(train))
        inside += made.ci[0] <= 2.0 <= made.ci[1]
    assert 0.93 <= inside / 400 <= 0.99


def test_far_more_alerts_than_in_training_is_a_finding():
    report = audit(MODEL, X_TEST + 3.0, X_train=X, checks=["ANN902"])
    assert [f.id for f in report.findings] == ["ANN902.1"]
    gate = report.gates[0]
    assert (gate.gate.metric, gate.status) == ("alert_rate", "FAIL")
    same = audit(MODEL, X_TEST, X_train=X, checks=["ANN902"])
    assert not same.findings and same.gates[0].status == "PASS"


def test_without_training_rows_alerts_are_only_counted():
    made = results(["ANN902"], X_train=None, y_test=None)["ANN902"]
    assert list(made.estimates) == ["alert_rate"]
    assert "nothing is compared" in made.tables[0].note


def test_labelled_anomalies_do_not_count_as_drift():
    clean, crowded = X[Y == 0], pd.concat([X_TEST[Y_TEST == 0][:60], X_TEST[Y_TEST == 1]])
    y = np.repeat([0, 1], [60, int(Y_TEST.sum())])
    model = Distance().fit(clean)
    made = results(["ANN902", "ANN907"], model=model, X_test=crowded, y_test=y, X_train=clean)
    alone = results(["ANN902"], model=model, X_test=crowded[:60], y_test=None, X_train=clean)
    ratio = made["ANN902"].estimates["alert_rate_ratio"]
    assert ratio.value == alone["ANN902"].estimates["alert_rate_ratio"].value and ratio.n == 60
    assert not made["ANN902"].findings and not made["ANN907"].findings


def test_training_rows_of_unknown_labels_may_hold_anomalies_as_well():
    some = {"model": Distance().fit(X), "X_train": X}
    alone = results(["ANN902"], y_test=None, **some)["ANN902"].estimates["alert_rate_ratio"]
    labelled = results(["ANN902", "ANN907"], **some)
    ratio = labelled["ANN902"].estimates["alert_rate_ratio"]
    assert ratio == alone and 0.5 < ratio.value < 2.0
    both = results(["ANN902"], y_train=Y, **some)["ANN902"].estimates["alert_rate_ratio"]
    assert both.name.startswith("Alert rate of normal rows") and both.n == (Y_TEST == 0).sum()


# -- stability ------------------------------------------------------------------------------------


def test_refits_with_other_seeds_are_compared_with_the_audited_scores():
    model = Distance(noise=1.0, random_state=0).fit(X)
    made = results(["ANN903"], model=model, y_test=None)["ANN903"].estimates
    seeds = [
        int(
            np.random.default_rng(
                AuditContext(model, X_TEST, None).seed(f"ANN903 seed {i}")
            ).integers(2**31)
        )
        for i in range(5)
    ]
    scores = model.score_samples(X_TEST)
    others = [Distance(noise=1.0, random_state=s).fit(X).score_samples(X_TEST) for s in seeds]
    values = [spearmanr(scores, other).statistic for other in others]
    assert made["seed_stability"].value == pytest.approx(np.mean(values))
    assert made["seed_stability"].n == 5
    k = n_top(len(X_TEST))
    tops = [set(np.argsort(s)[:k]) for s in (scores, *others)]
    overlaps = [len(tops[0] & t) / len(tops[0] | t) for t in tops[1:]]
    assert made["seed_top_overlap"].value == pytest.approx(np.mean(overlaps))


def test_a_detector_that_changes_with_the_seed_is_a_finding():
    model = Distance(noise=30.0, random_state=0).fit(X)
    report = audit(model, X_TEST, X_train=X, checks=["ANN903"])
    assert "ANN903.1" in {f.id for f in report.findings}
    assert report.gates[0].gate.metric == "seed_stability" and report.gates[0].status != "PASS"


def test_a_detector_without_a_seed_is_stable_over_seeds():
    arrays = {"X_test": X_TEST.to_numpy(), "X_train": X.to_numpy()}
    lof = LocalOutlierFactor(novelty=True).fit(arrays["X_train"])
    made = results(["ANN903"], model=lof, **arrays)["ANN903"]
    assert made.estimates["seed_stability"].value == 1.0
    assert 0.5 < made.estimates["subsample_stability"].value < 1.0
    assert "draws no random numbers" in made.tables[0].note


def test_refits_are_bounded_in_time():
    made = results(["ANN903"], options={"detection": {"max_seconds": 1e-6}})["ANN903"]
    assert made.estimates["subsample_stability"].n == 3
    report = audit(
        MODEL, X_TEST, X_train=X, checks=["ANN903"], options={"detection": {"n_refits": 1}}
    )
    assert "n_refits must be a whole number >= 2" in report.not_checked[0].reason


def test_overlap_of_sets():
    a, b = np.array([1, 1, 0, 0], bool), np.array([0, 1, 1, 0], bool)
    assert jaccard(a, b) == 1 / 3 and jaccard(a, ~a) == 0.0
    assert jaccard(np.zeros(3, bool), np.zeros(3, bool)) == 1.0


# -- injected anomalies ---------------------------------------------------------------------------


def test_a_moved_number_is_that_far_from_where_it_was():
    X_mixed = pd.DataFrame({"a": [0.0, 1.0, 2.0, np.nan], "k": [1, 2, 3, 4], "t": list("wxyz")})
    moved = _inject.move_one_number(X_mixed, X_mixed, 3.0, np.random.default_rng(0))
    spread = _inject.spreads(X_mixed)
    assert spread == pytest.approx({"a": np.std([0, 1, 2]), "k": np.std([1, 2, 3, 4])})
    assert set(moved.column) <= {0, 1} and (moved.X["t"] == X_mixed["t"]).all()
    for i, j in enumerate(moved.column):
        name = X_mixed.columns[j]
        start = X_mixed[name].fillna(1.0)[i]
        assert abs(moved.X[name][i] - start) == pytest.approx(3 * spread[name])


def test_permuted_columns_keep_their_values_and_lose_their_rows():
    X_two = pd.DataFrame({"a": np.arange(50.0), "b": np.arange(50.0)})
    made = _inject.permute_columns(X_two, np.random.default_rng(0))
    assert sorted(made["a"]) == sorted(X_two["a"])
    assert abs(np.corrcoef(made["a"], made["b"])[0, 1]) < 0.4


def test_an_unseen_level_goes_into_text_and_categories_only():
    frame = pd.DataFrame(
        {
            "t": ["x", "y", None] * 4,
            "c": pd.Categorical(["u", "v", "u"] * 4),
            "n": range(12),
            "f": [True, False, True] * 4,
        }
    )
    names = _inject.text_columns(frame)
    assert names == ["t", "c"]
    made = _inject.new_level(frame, names, np.random.default_rng(0))
    hits = (made[names].astype(object) == _inject.NEW_LEVEL).sum(axis=1)
    assert (hits == 1).all()


def test_larger_injected_anomalies_are_seen_better():
    made = results(["ANN904"], y_test=None)["ANN904"].estimates
    areas = [made[f"injected_roc_auc[{d} sd]"].value for d in (1, 2, 3, 5)]
    assert areas == sorted(areas) and areas[0] > 0.5 and areas[-1] > 0.95
    low, high = made["injected_roc_auc[permuted]"].ci
    assert low < 0.5 < high + 0.02  # independent columns: permuting them changes nothing
    assert made["injected_recall[5 sd]"].value > made["injected_recall[1 sd]"].value


def test_a_broken_dependence_is_seen_by_who_looks_for_it():
    rng = np.random.default_rng(0)
    a = rng.normal(size=600)
    both = np.column_stack([a, a + 0.1 * rng.normal(size=600)])
    lof = LocalOutlierFactor(novelty=True).fit(both[:300])
    made = results(["ANN904"], model=lof, X_test=both[300:], y_test=None, X_train=both[:300])
    assert made["ANN904"].estimates["injected_roc_auc[permuted]"].ci[0] > 0.8


def test_a_level_that_the_detector_refuses_is_a_finding():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"city": rng.choice(["x", "y", "z"], 80)})
    model = make_pipeline(OneHotEncoder(), IsolationForest(n_estimators=10, random_state=0))
    model.fit(frame)
    report = audit(model, frame, checks=["ANN904"], gates=[])
    made = report.sections["detection"][0].result
    assert made.estimates["injected_roc_auc[new level]"].value is None
    assert [f.id for f in report.findings] == ["ANN904.3"]


def test_an_insensitive_detector_is_a_finding():
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 3)), columns=list("abc"))
    model = Distance().fit(wide)
    model.scale_ = np.array([1e6, 1e6, 1.0])  # sees one column of three
    made = audit(model, wide, checks=["ANN904"], options={"detection": {"max_rows": 200}})
    area = made.sections["detection"][0].result.estimates["injected_roc_auc[5 sd]"]
    assert area.n == 200 and 0.55 < area.value < 0.75


# -- cheap detectors ------------------------------------------------------------------------------


def test_tail_scores_are_pyods():
    rng = np.random.default_rng(3)
    parts = [rng.normal(size=40), rng.exponential(size=40), rng.integers(0, 4, 40)]
    known = np.round(np.column_stack(parts), 2)
    new = np.array([[0.1, 0.5, 1], [3.0, 0.2, 3], [-4.0, 9.0, 0], [0.0, known[0, 1], 2]])
    # PyOD 3.6.7, ECOD().fit(known).decision_function(row), one row at a time.
    pyod = [2.705167, 6.06554238, 8.74282093, 2.29970189]
    np.testing.assert_allclose(TailScores(known).score(new), pyod, rtol=1e-7)
    even = TailScores(np.array([[-1.0], [0.0], [1.0]]))
    np.testing.assert_allclose(even.score(np.array([[0.0]])), [0.57536414], rtol=1e-7)


def test_cheap_detectors_are_scikit_learns():
    Z, Z_test = encode_alike(X, X_TEST)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-6)
    forest = IsolationForest(random_state=7).fit(Z)
    np.testing.assert_allclose(fit_cheap("iforest", Z, 7)(Z_test), -forest.score_samples(Z_test))
    lof = LocalOutlierFactor(novelty=True).fit(Z)
    np.testing.assert_allclose(fit_cheap("lof", Z, 7)(Z_test), -lof.score_samples(Z_test))
    fifth = NearestNeighbors(n_neighbors=5).fit(Z).kneighbors(Z_test)[0][:, 4]
    np.testing.assert_allclose(fit_cheap("knn", Z, 7)(Z_test), fifth)


def test_gains_over_cheap_detectors_are_differences_of_areas():
    made = results(["ANN905"])["ANN905"].estimates
    Z, Z_test = encode_alike(X, X_TEST)
    knn = fit_cheap("knn", Z, 0)(Z_test)
    ours = -MODEL.score_samples(X_TEST)
    gain = roc_auc_score(Y_TEST, ours) - roc_auc_score(Y_TEST, knn)
    assert made["roc_auc_vs_knn"].value == pytest.approx(gain)
    rank = spearmanr(ours, knn).statistic
    assert made["rank_correlation[knn]"].value == pytest.approx(rank)
    assert made["rank_correlation[knn]"].ci[0] < rank < made["rank_correlation[knn]"].ci[1]


def test_a_cheap_detector_that_finds_more_is_named():
    poor = Distance().fit(X)
    poor.scale_ = np.array([50.0, 1.0, 1.0, 1.0])  # hardly looks where the anomalies are
    report = audit(poor, X_TEST, Y_TEST, X_train=X, checks=["ANN905"], gates=[])
    titles = {f.title for f in report.findings}
    assert "An isolation forest finds more" in titles
    fine = audit(MODEL, X_TEST, Y_TEST, X_train=X, checks=["ANN905"], gates=[])
    assert not [f for f in fine.findings if f.severity != "info"]


def test_mixed_tables_are_encoded_for_the_cheap_detectors():
    frame, frame_test = X.assign(city="x"), X_TEST.assign(city="y")
    frame.loc[frame.index[::9], "a"] = np.nan
    model = make_pipeline(_OnlyNumbers(), IsolationForest(n_estimators=10, random_state=0))
    model.fit(frame)
    made = results(["ANN905"], model=model, X_test=frame_test, y_test=None, X_train=frame)
    keys = set(made["ANN905"].estimates)
    assert {"rank_correlation[ecod]", "top_overlap[lof]"} <= keys
    assert not [key for key in keys if "_vs_" in key]


class _OnlyNumbers(BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return X.select_dtypes("number").fillna(0.0)


def test_the_rank_correlation_of_counted_rows_is_that_of_repeated_rows():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=30), rng.normal(size=30)
    counts = np.ones((1, 30))
    made = weighted_rank_correlation(a, b, counts)
    np.testing.assert_allclose(made, spearmanr(a, b).statistic)


# -- contributions --------------------------------------------------------------------------------


def test_contributions_count_the_feature_that_raises_the_score_most():
    made = results(["ANN906"])["ANN906"]
    flagged = MODEL.predict(X_TEST) == -1
    first = MODEL.explain(X_TEST[flagged]).argmax(axis=1)
    for j, name in enumerate("abcd"):
        share = made.estimates[f"top_contribution_share[{name}]"]
        assert share.value == pytest.approx((first == j).mean()) and share.n == flagged.sum()
    assert made.estimates["injected_column_found"].value > 0.9
    table_of_rows = made.tables[1]
    assert {cell for row in table_of_rows.rows for cell in row[1:]} <= set("abcd")


def test_contributions_that_miss_the_moved_column_are_a_finding():
    class Wrong(Distance):
        def explain(self, X):
            return super().explain(X)[:, ::-1]

    report = audit(Wrong().fit(X), X_TEST, checks=["ANN906"], gates=[])
    assert [f.id for f in report.findings] == ["ANN906.1"]


def test_contributions_behind_a_pipeline_keep_the_column_names():
    model = make_pipeline(StandardScaler(), Distance()).fit(X)
    made = results(["ANN906"], model=model)["ANN906"].estimates
    assert "top_contribution_share[a]" in made and made["injected_column_found"].value > 0.9


def test_a_detector_without_contributions_says_so():
    model = make_pipeline(StandardScaler(), IsolationForest(n_estimators=5)).fit(X)
    report = audit(model, X_TEST, checks=["ANN902", "ANN906"], gates=[])
    reason = {n.id: n.reason for n in report.not_checked}["ANN906"]
    assert reason.startswith("IsolationForest does not say what makes a row anomalous")


# -- drift of scores ------------------------------------------------------------------------------


def test_the_gap_of_scores_is_the_kolmogorov_smirnov_distance():
    made = results(["ANN907"], y_test=None)["ANN907"].estimates
    expected = ks_2samp(MODEL.score_samples(X), MODEL.score_samples(X_TEST)).statistic
    assert made["score_drift"].value == pytest.approx(expected)
    assert made["score_drift"].ci[0] < 0.1


def test_drifted_rows_are_a_finding():
    report = audit(MODEL, X_TEST * 2.0, X_train=X, checks=["ANN907"], gates=[])
    assert [f.id for f in report.findings] == ["ANN907.1"]
    assert "higher" in report.findings[0].text


def test_the_interval_of_the_gap_covers_a_known_distance():
    rng, truth, inside = np.random.default_rng(0), 0.3829249225480262, 0  # normals 1 apart
    for seed in range(60):
        a, b = rng.normal(size=300), rng.normal(loc=1.0, size=200)
        low, high = score_gap(a, b, Resampling(200, seed), Resampling(300, 99 + seed)).ci
        inside += low <= truth <= high
    assert inside >= 52


# -- resampling -----------------------------------------------------------------------------------


def test_resamples_within_groups_keep_their_sizes():
    groups = np.arange(50) < 10
    counts = next(stratified_counts(groups, 200, seed=0))
    assert (counts[:, groups].sum(axis=1) == 10).all() and (counts.sum(axis=1) == 50).all()
    np.testing.assert_allclose(counts.mean(axis=0), 1.0, atol=0.3)


def test_resampled_stretches_keep_neighbours_together():
    counts = next(block_counts(60, 6, 300, seed=0))
    assert (counts.sum(axis=1) == 60).all()
    near = np.mean([np.corrcoef(c[:-1], c[1:])[0, 1] for c in counts])
    assert near > 0.7
    one = np.concatenate([np.ones(6), np.zeros(54)])
    assert (next(block_counts(60, 6, 5, seed=1)) != one).any()


def test_the_block_bootstrap_widens_intervals_of_a_dependent_series():
    rng, n = np.random.default_rng(0), 2000
    noise = rng.normal(size=n)
    x = np.array([noise[max(0, i - 19) : i + 1].sum() for i in range(n)])  # 20 steps of memory

    def mean(counts):
        return {"mean": counts @ x / counts.sum(1)}

    alone = bootstrap_draws(mean, n, 300, 0)["mean"].std()
    together = bootstrap_draws(mean, n, 300, 0, block=100)["mean"].std()
    # The standard deviation of the mean of a moving sum of 20 is 20 / sqrt(n).
    assert alone < 0.15 and together == pytest.approx(20 / np.sqrt(n), rel=0.35)
