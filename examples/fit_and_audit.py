"""Fit a network on loans, audit it, and say what the report found."""

from sklearn.model_selection import train_test_split

from appliednn import MLPClassifier, datasets
from appliednn.audit import audit

credit = datasets.load("credit")
X, X_test, y, y_test = train_test_split(
    credit.data, credit.target, stratify=credit.target, random_state=0
)
model = MLPClassifier((64, 64), class_weight="balanced", random_state=0).fit(X, y)
print(f"stopped after {model.n_epochs_} epochs ({model.stop_reason_})")

report = audit(
    model,
    X_test,
    y_test,
    X_train=X,
    y_train=y,
    sensitive=X_test[["Marital"]],
    positive="bad",
)
print(report.verdict)
for finding in report.findings[:5]:
    print(f"- {finding.title}: {finding.text}")
report.to_html("report.html")
print("report.html")
