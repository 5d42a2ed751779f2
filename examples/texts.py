"""Complaints among sentences of reviews: a classifier, its baseline, and the words that count."""

from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

from appliednn import TextClassifier, datasets

reviews = datasets.load("reviews").frame
split = GroupShuffleSplit(test_size=0.25, random_state=0)  # sentences of one review stay together
train, test = next(split.split(reviews, groups=reviews["review"]))
texts, tones = reviews["text"], reviews["tone"]

model = TextClassifier(random_state=0).fit(texts.iloc[train], tones.iloc[train])
print(f"right on held-out sentences: {model.validation_score_:.3f}, "
      f"the linear model alone: {model.baseline_score_:.3f}")  # fmt: skip

chance = model.predict_proba(texts.iloc[test])[:, list(model.classes_).index("negative")]
area = roc_auc_score(tones.iloc[test] == "negative", chance)
print(f"area under the ROC curve on new reviews: {area:.3f}")

worst = texts.iloc[test].iloc[chance.argsort()[::-1][:3]]
for found in model.token_attributions(worst, target="negative"):
    ranked = dict.fromkeys(found.tokens[i] for i in found.values.argsort()[::-1])
    print("complains by:", ", ".join(list(ranked)[:3]))
