"""What ``init`` writes below the section ``data``, for each task."""

CLASSIFICATION = """
split: {type: stratified, test_size: 0.25}   # or grouped / time, with the column
missing: {type: model}       # median and indicator; or simple, knn, iterative, drop_rows
imbalance: {type: none}      # or class_weight, sampler, prior_correction

model:
  # Tuned for tables. MLPClassifier is quicker; AutoTabularClassifier chooses and mixes models
  # by itself within max_seconds; `appliednn schema model` lists all.
  type: RealMLPClassifier
  n_ensemble: 1              # networks trained side by side; 4 are steadier than 1
baselines: [LogisticRegression, HistGradientBoostingClassifier]
search: {type: none}         # or random / halving over a space of parameters
calibration: {type: temperature, fraction: 0.2}
threshold: {type: default}   # or metric, or cost with false_positive and false_negative

robustness: {enabled: true, eps: [0.05, 0.1, 0.2]}
explain: {enabled: true, max_rows: 200}
fairness: {enabled: true, metric: equal_opportunity_difference, min_group_size: 30}

# Without gates the audit's default gates apply. For example:
# gates:
#   - {metric: roc_auc, op: ">=", threshold: 0.75, inconclusive: warn}
gates: []

report:
  dir: reports
  # title, intended_use and owner are printed in the report; without them it says MISSING."""
REGRESSION = """
split: {type: random, test_size: 0.25}       # or grouped / time, with the column
missing: {type: model}       # median and indicator; or simple, knn, iterative, drop_rows

model:
  # Tuned for tables. MLPRegressor is quicker; AutoTabularRegressor chooses and mixes models
  # by itself within max_seconds; `appliednn schema model` lists all.
  type: RealMLPRegressor
  n_ensemble: 1              # networks trained side by side; 4 are steadier than 1
baselines: [Ridge, HistGradientBoostingRegressor]
search: {type: none}         # or random / halving over a space of parameters

robustness: {enabled: true, eps: [0.05, 0.1, 0.2]}
explain: {enabled: true, max_rows: 200}

# Without gates the audit's default gates apply. For example:
# gates:
#   - {metric: r2, op: ">=", threshold: 0.7, inconclusive: warn}
gates: []

report:
  dir: reports
  # title, intended_use and owner are printed in the report; without them it says MISSING."""
ANOMALY = """
split: {type: SPLIT, test_size: 0.25}   # or time, which keeps rows in order (a series needs it)
missing: {type: model}       # median and indicator; or simple, knn, iterative, drop_rows
anomalies: {train: keep}     # or drop: fit on rows that the target does not mark

model:
  # `appliednn schema model` lists all detectors, for tables and for series.
  type: AutoencoderDetector
  novelty: false             # true: the training rows are known to be clean
  contamination: auto        # or the share of training rows that lie above the threshold

explain: {enabled: true, max_rows: 200}

# Without gates the audit's default gates apply. For example:
# gates:
#   - {metric: roc_auc, op: ">=", threshold: 0.8, inconclusive: warn}
gates: []

report:
  dir: reports
  # title, intended_use and owner are printed in the report; without them it says MISSING."""

_TEXT = """
split: SPLIT   # or grouped / time, with the column

model:
  # A bag of n-grams beside a linear model; cnn, lstm and transformer read words in their order.
  type: MODEL
  architecture: bag

explain: {enabled: true, max_rows: 40}    # texts explained, by LIME, SHAP and the network's own

# Without gates the audit's default gates apply. For example:
# gates:
#   - {metric: METRIC, op: ">=", threshold: 0.0, inconclusive: warn}   # no worse than TF-IDF
gates: []

report:
  dir: reports
  # title, intended_use and owner are printed in the report; without them it says MISSING."""
TEXT_CLASSIFICATION = (
    _TEXT.replace("SPLIT", "{type: stratified, test_size: 0.25}")
    .replace("MODEL", "TextClassifier")
    .replace("METRIC", "roc_auc_vs_tfidf")
)
TEXT_REGRESSION = (
    _TEXT.replace("SPLIT", "{type: random, test_size: 0.25}")
    .replace("MODEL", "TextRegressor")
    .replace("METRIC", "rmse_vs_tfidf")
)

TAGGING = """
split: {type: random, test_size: 0.25}   # of sentences; or grouped, with the column of documents

model:
  # Word vectors, spelling and a log-linear model of hand-made features under a random field.
  type: TokenTagger
  architecture: bilstm_crf

# Without gates the audit's default gate applies: better than each word's most frequent tag.
# gates:
#   - {metric: entity_f1, op: ">=", threshold: 0.8, inconclusive: warn}
gates: []

report:
  dir: reports
  # title, intended_use and owner are printed in the report; without them it says MISSING."""

SECTIONS = {
    "classification": CLASSIFICATION,
    "regression": REGRESSION,
    "anomaly": ANOMALY,
    "text-classification": TEXT_CLASSIFICATION,
    "text-regression": TEXT_REGRESSION,
    "tagging": TAGGING,
}
