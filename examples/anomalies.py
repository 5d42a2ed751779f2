"""Unusual blocks of pages: with no label, with ten of them, and what makes each unusual."""

import numpy as np
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

from appliednn import datasets
from appliednn.anomaly import DeepSADDetector, DetectorEnsemble

pages = datasets.load("page_blocks")
X, X_test, y, y_test = train_test_split(
    pages.data, pages.target, stratify=pages.target, random_state=0
)

ensemble = DetectorEnsemble(random_state=0).fit(X)
found = average_precision_score(y_test, ensemble.anomaly_score(X_test))
print(f"average precision without labels: {found:.2f} (a guess: {y_test.mean():.2f})")

labels = np.zeros(len(X))
labels[np.flatnonzero(y)[:10]] = -1  # a person has marked ten
taught = DeepSADDetector(random_state=0).fit(X, labels=labels)
found = average_precision_score(y_test, taught.anomaly_score(X_test))
print(f"average precision with ten labels: {found:.2f}")

strangest = X_test.iloc[taught.anomaly_score(X_test).argsort()[::-1][:3]]
for row, contributions in zip(strangest.index, taught.explain(strangest), strict=True):
    most = X.columns[contributions.argsort()[::-1][:2]]
    print(f"block {row} is unusual by {' and '.join(most)}")
