"""Audits of models that write: numbers of the metrics, cheap texts beside them, odd habits."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from appliednn.audit import audit
from appliednn.audit._context import AuditContext
from appliednn.audit.checks.writing import repeats
from appliednn.core.errors import UsageError
from appliednn.text import LanguageModel, corpus_bleu, corpus_chrf, rouge_scores

LEXICON = {"das": "the", "ist": "is", "ein": "a", "Hund": "dog", "Haus": "house", "rot": "red"}
RNG = np.random.default_rng(0)
SOURCES = [" ".join(RNG.choice(list(LEXICON), 6)) for _ in range(60)]
TARGETS = [" ".join(LEXICON[w] for w in s.split()) for s in SOURCES]


class Translator(BaseEstimator):
    """Looks words up, and gets each n-th one wrong."""

    def __init__(self, wrong=0, add=""):
        self.wrong = wrong
        self.add = add

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        out = []
        for text in X:
            words = [LEXICON.get(w, w) for w in text.split()]
            if self.wrong:
                words = [w if i % self.wrong else "hm" for i, w in enumerate(words)]
            out.append(" ".join([*words, self.add]).strip())
        return out

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def results(model, X=SOURCES, y=TARGETS, **more):
    report = audit(model, X, y, **more)
    assert not [n for n in report.not_checked if n.failed]
    return report, {r.id: r.result for r in report.sections["writing"]}


def test_scores_are_those_of_the_metrics_and_the_copy_stands_beside():
    model = Translator(wrong=3).fit(SOURCES)
    report, made = results(model)
    assert report.task == "writing" and report.verdict == "PASS"
    found, written = made["ANN1051"].estimates, model.predict(SOURCES)
    assert found["bleu"].value == pytest.approx(corpus_bleu(written, TARGETS))
    assert found["chrf"].value == pytest.approx(corpus_chrf(written, TARGETS))
    rouge = rouge_scores(written, TARGETS)["rougeL"].f1.mean()
    assert found["rougeL"].value == pytest.approx(rouge)
    copy = corpus_chrf(SOURCES, TARGETS)
    assert found["chrf_vs_copy"].value == pytest.approx(found["chrf"].value - copy)
    assert found["written_gain"] == found["chrf_vs_copy"]


def test_a_model_that_copies_gains_nothing_and_is_said_to():
    class Copier(Translator):
        def predict(self, X):
            return list(X)

    report, made = results(Copier().fit(SOURCES))
    assert report.verdict == "INCONCLUSIVE"
    assert made["ANN1051"].estimates["chrf_vs_copy"].value == 0
    assert "on every row" in made["ANN1051"].estimates["written_gain"].reason
    assert made["ANN1051"].findings[0].severity == "medium"
    assert made["ANN1052"].estimates["copied_text_share"].value == 1


def test_a_summary_stands_beside_the_first_three_sentences():
    sources = [
        f"First {i}. Second part here. Third {i * 7}. Then more {i}. And an end."
        for i in range(40)
    ]
    lead = [
        " ".join(s.split(". ")[0:1])
        + ". Second part here. Third "
        + s.split("Third ")[1].split(".")[0]
        + "."
        for s in sources
    ]

    class Last(Translator):
        def predict(self, X):
            return [t.split(". ")[-1] for t in X]

    report, made = results(Last().fit(sources), sources, lead)
    gain = made["ANN1051"].estimates["rougeL_vs_lead3"]
    assert gain.ci[1] < 0 and report.verdict == "FAIL"
    assert made["ANN1051"].estimates["written_gain"] == gain
    assert made["ANN1051"].findings[0].severity == "high"


def test_repeating_texts_and_numbers_from_nowhere_are_found():
    _, made = results(Translator(add="so it goes so it goes so it goes 99").fit(SOURCES))
    found = made["ANN1052"].estimates
    assert found["repeating_text_share"].value == 1 and found["strange_number_share"].value == 1
    assert found["length_ratio"].value > 2
    assert len(made["ANN1052"].findings) == 2


def test_repeating_is_three_times_the_same_three_words():
    assert repeats(list("abcabcabc"))
    assert not repeats(list("abcabcd"))
    assert not repeats([])


def test_no_written_text_stands_in_the_report():
    model = Translator(wrong=4).fit(SOURCES)
    report, _ = results(model)
    page = report.to_html()
    assert not any(t in page for t in [*SOURCES, *TARGETS, *model.predict(SOURCES)])


def test_references_that_are_no_texts_are_refused():
    with pytest.raises(UsageError):
        audit(Translator().fit(SOURCES), SOURCES, [1.0] * 59)
    with pytest.raises(UsageError, match="needs y_test"):
        audit(Translator().fit(SOURCES), SOURCES)


@pytest.fixture(scope="module")
def language():
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(["ab", "cd", "ba "], 30)) for _ in range(60)]
    model = LanguageModel(epochs=2, random_state=0, verbose=False)
    return model.fit(texts[:40]), texts


def test_perplexity_is_the_model_s_own_and_counting_stands_beside(language):
    model, texts = language
    report = audit(model, texts[40:], X_train=texts[:40])
    assert report.task == "language"
    assert [g.gate.metric for g in report.gates] == ["nats_vs_ngrams"]
    found = report.sections["writing"][0].result.estimates
    assert found["perplexity"].value == pytest.approx(model.perplexity(texts[40:]), rel=1e-4)
    low, high = found["perplexity"].ci
    assert low <= found["perplexity"].value <= high
    # Pairs of characters: counting pairs is better than counting single ones.
    assert found["nats_vs_unigrams"].value > found["nats_vs_ngrams"].value


def test_a_language_model_answers_nothing_and_is_asked_nothing_else(language):
    model, texts = language
    context = AuditContext(model, texts[40:], None)
    assert (context.task, context.reads) == ("language", "text")
    report = audit(model, texts[40:])
    assert set(report.sections) == {"writing"}
    assert "Perplexity" in report.to_html()
