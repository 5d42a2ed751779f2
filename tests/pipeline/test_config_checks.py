import pytest

from appliednn.pipeline.config import ConfigError, load_config

CLASSIFY = """\
version: 1
name: a
task: classification
data:
  source: {type: dataset, name: credit}
  target: Status
  sensitive: [Age, Marital]
model: {type: MLPClassifier}
"""
REGRESS = """\
version: 1
name: a
task: regression
data:
  source: {type: dataset, name: ames}
  target: Sale_Price
model: {type: MLPRegressor}
"""


@pytest.fixture
def problems(tmp_path):
    def problems(text, *overrides):
        path = tmp_path / "run.yaml"
        path.write_text(text)
        try:
            load_config(path, overrides, {})
        except ConfigError as error:
            return error.problems
        return []

    return problems


def one(found):
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def test_the_texts_of_this_file_are_right(problems):
    assert problems(CLASSIFY) == problems(REGRESS) == []


@pytest.mark.parametrize(
    ("model", "near"),
    [("MLPRegressor", "MLPClassifier"), ("Ridge", None), ("DummyRegressor", "DummyClassifier")],
)
def test_a_model_of_another_task(problems, model, near):
    found = one(problems(CLASSIFY.replace("MLPClassifier", model)))
    assert (found.line, found.column, found.path) == (8, 15, "model.type")
    assert found.suggestion == near


def test_baselines_of_another_task_and_twice(problems):
    found = problems(REGRESS + "baselines: [LogisticRegression, Ridge, Ridge]\n")
    assert [(p.path, p.column) for p in found] == [("baselines.0", 13), ("baselines.2", 40)]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("calibration: {type: sigmoid}", "calibration"),
        ("threshold: {type: metric, metric: f1}", "threshold"),
        ("imbalance: {type: class_weight}", "imbalance"),
        ("imbalance: {type: sampler, name: SMOTE}", "imbalance"),
        ("imbalance: {type: prior_correction, target_prior: 0.1}", "imbalance"),
    ],
)
def test_sections_for_classes_in_a_regression(problems, line, path):
    found = one(problems(REGRESS + line + "\n"))
    assert (found.line, found.path) == (8, path)
    assert "classification only" in found.message


def test_a_positive_label_in_a_regression(problems):
    text = REGRESS.replace("target:", "positive: 1\n  target:")
    assert one(problems(text)).path == "data.positive"


def test_columns_with_two_roles(problems):
    text = CLASSIFY.replace(
        "sensitive: [Age, Marital]", "drop: [id, id, Status]\n  sensitive: [Age, Status, Age]"
    )
    found = problems(text + "split: {type: grouped, column: Status}\n")
    assert [p.path for p in found] == [
        "data.drop.1",
        "data.drop.2",
        "data.sensitive.1",
        "data.sensitive.2",
        "split.column",
    ]


def test_a_dropped_column_may_be_audited(problems):
    assert problems(CLASSIFY.replace("sensitive:", "drop: [Age]\n  sensitive:")) == []


@pytest.mark.parametrize(
    ("params", "path", "near"),
    [
        ("{k_neighbours: 3}", "imbalance.params.k_neighbours", "k_neighbors"),
        ("{k_neighbors: 0}", "imbalance.params.k_neighbors", None),
        ("{sampling_strategy: majority}", "imbalance.params.sampling_strategy", None),
    ],
)
def test_parameters_of_a_sampler(problems, params, path, near):
    found = one(
        problems(CLASSIFY + f"imbalance: {{type: sampler, name: SMOTENC, params: {params}}}\n")
    )
    assert (found.path, found.suggestion, found.line) == (path, near, 9)


def test_a_sampler_by_a_wrong_name(problems):
    found = one(problems(CLASSIFY + "imbalance: {type: sampler, name: SMOTNC}\n"))
    assert found.suggestion == "SMOTENC"


def test_a_right_sampler_passes(problems):
    line = "imbalance: {type: sampler, name: SMOTENC, params: {k_neighbors: 3}}\n"
    assert problems(CLASSIFY + line) == []
    line = "imbalance: {type: sampler, name: SMOTE, params: {sampling_strategy: {bad: 50}}}\n"
    assert problems(CLASSIFY + line) == []


def test_class_weights_in_two_places(problems):
    text = CLASSIFY.replace("MLPClassifier}", "MLPClassifier, class_weight: balanced}")
    assert problems(text) == []
    assert one(problems(text, "imbalance.type=class_weight")).path == "model.class_weight"


def test_two_kinds_of_clipping(problems):
    text = CLASSIFY.replace("MLPClassifier}", "MLPClassifier, clip_norm: 1, clip_value: 1}")
    assert one(problems(text)).path == "model.clip_norm"


@pytest.mark.parametrize(
    ("extra", "path", "near"),
    [
        ("schedule: step, schedule_params: {evry: 5}", "model.schedule_params.evry", "every"),
        ("optimizer: sgd, optimizer_params: {momentm: 0.9}", None, "momentum"),
        ("loss: focal, loss_params: {gama: 1}", "model.loss_params.gama", "gamma"),
        ("loss_params: {delta: 1}", "model.loss_params.delta", None),
    ],
)
def test_numbers_of_schedule_optimiser_and_loss(problems, extra, path, near):
    found = one(problems(CLASSIFY.replace("MLPClassifier}", f"MLPClassifier, {extra}}}")))
    assert found.suggestion == near
    assert path in (None, found.path)
    right = "optimizer: SGD, optimizer_params: {momentum: 0.9, nesterov: true}"
    assert problems(CLASSIFY.replace("MLPClassifier}", f"MLPClassifier, {right}}}")) == []


def test_a_search_space_must_fit_the_model(problems):
    space = (
        "{learnin_rate: {low: 1, high: 2}, l2: {values: [0, x, -1]}, epochs: {low: 0, high: 5}}"
    )
    found = problems(CLASSIFY + f"search: {{type: random, space: {space}}}\n")
    assert [(p.path, p.suggestion) for p in found] == [
        ("search.space.learnin_rate", "learning_rate"),
        ("search.space.l2.values.1", None),
        ("search.space.l2.values.2", None),
        ("search.space.epochs.low", None),
    ]


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ("{low: 2, high: 1}", "low below high"),
        ("{low: 0, high: 1, log: true}", "low above 0"),
        ("{low: 0, high: 1, values: [1]}", "either low and high, or values"),
        ("{}", "either low and high, or values"),
        ("{values: [1], log: true}", "log goes with low and high"),
        ("{values: []}", "at least 1 item"),
    ],
)
def test_a_search_space_must_be_a_range_or_values(problems, space, words):
    line = f"search: {{type: halving, space: {{l2: {space}}}}}\n"
    assert words in one(problems(CLASSIFY + line)).message


def test_the_kind_of_a_range_follows_from_how_it_is_written(tmp_path):
    path = tmp_path / "run.yaml"
    space = "{batch_size: {low: 16, high: 64}, l2: {low: 0.0, high: 1}, tol: {values: [0, 1]}}"
    path.write_text(CLASSIFY + f"search: {{type: random, space: {space}}}\n")
    found = load_config(path).config.search.space
    assert [found[k].kind for k in ("batch_size", "l2", "tol")] == ["integer", "float", "values"]


@pytest.mark.parametrize(
    ("metric", "near"),
    [
        ("roc_acu", "roc_auc"),
        ("balanced_acuracy", "balanced_accuracy"),
        ("roc_auc_vs_dumy", "roc_auc_vs_dummy"),
        ("rmse", None),
        ("equal_oportunity_difference[Age]", "equal_opportunity_difference[Age]"),
        ("equal_opportunity_difference[Martial]", "equal_opportunity_difference[Marital]"),
        ("equal_opportunity_difference", "equal_opportunity_difference[Age]"),
        ("accuracy_pgd[0.3]", "accuracy_pgd[0.05]"),
    ],
)
def test_a_gate_on_an_unknown_metric(problems, metric, near):
    gate = f'gates: [{{metric: "{metric}", op: ">=", threshold: 0.5}}]\n'
    found = one(problems(CLASSIFY + gate))
    assert (found.path, found.suggestion) == ("gates.0.metric", near)


@pytest.mark.parametrize(
    "metric", ["roc_auc", "ece", "accuracy_pgd[0.1]", "demographic_parity_difference[Age]"]
)
def test_a_gate_on_a_known_metric(problems, metric):
    gate = f'gates: [{{metric: "{metric}", op: ">=", threshold: 0.5}}]\n'
    assert problems(CLASSIFY + gate) == []


def test_a_gate_on_an_intersection_of_attributes(problems):
    gate = 'gates: [{{metric: "equalized_odds_difference[{}]", op: "<=", threshold: 0.5}}]\n'
    assert problems(CLASSIFY + gate.format("Age & Marital")) == []
    found = one(problems(CLASSIFY + gate.format("Age & Maritl")))
    assert found.suggestion == "equalized_odds_difference[Age & Marital]"


def test_a_fairness_metric_of_another_task(problems):
    found = one(problems(CLASSIFY + "fairness: {metric: mae_difference}\n"))
    assert (found.path, found.line) == ("fairness.metric", 9)
    assert problems(REGRESS + "fairness: {metric: mae_difference}\n") == []
    assert problems(REGRESS + "fairness: {min_group_size: 50}\n") == []


def test_gates_on_what_is_switched_off_or_listed_twice(problems):
    gates = (
        'gates:\n  - {metric: "accuracy_pgd[0.1]", op: ">=", threshold: 0.5}\n'
        '  - {metric: "equalized_odds_difference[Age]", op: "<=", threshold: 0.1}\n'
        "  - {metric: f1, op: '>=', threshold: 0.5}\n  - {metric: f1, op: '>=', threshold: 0.6}\n"
    )
    off = "robustness: {enabled: false}\nfairness: {enabled: false}\n"
    found = problems(CLASSIFY + off + gates)
    assert [p.path for p in found] == ["gates.0.metric", "gates.1.metric", "gates.3"]


def test_a_broken_gate_hides_no_other_gate(problems):
    gates = """\
gates:
  - {metric: rocauc, op: ">=", threshold: 0.5}
  - {metric: roc_auc, op: ">=", threshold: 0.5}
  - {metric: roc_auc, op: "=<", threshold: 0.9}
  - {metric: ece, op: "<=", threshold: low}
"""
    found = {(p.path, p.suggestion) for p in problems(CLASSIFY + gates)}
    assert found == {
        ("gates.0.metric", "roc_auc"),
        ("gates.2.op", None),
        ("gates.3.threshold", None),
    }


def test_a_data_set_by_a_wrong_name(problems):
    found = one(problems(CLASSIFY.replace("name: credit", "name: credits")))
    assert (found.path, found.suggestion) == ("data.source.name", "credit")


def test_the_data_file_must_be_there_and_have_the_columns(problems, tmp_path):
    (tmp_path / "loans.csv").write_text("Age;Stat us;Marital\n1;2;3\n")
    text = CLASSIFY.replace("{type: dataset, name: credit}", "{type: csv, path: loan.csv}")
    found = one(problems(text))
    assert (found.path, found.suggestion) == ("data.source.path", "loans.csv")
    text = text.replace("loan.csv", "loans.csv, separator: ;")
    found = one(problems(text))
    assert (found.path, found.suggestion, found.line) == ("data.target", "Stat us", 6)
    (tmp_path / "loans.csv").write_text("Age;Status\n1;2\n")
    found = one(problems(text, "split={type: time, column: Age}"))
    assert found.path == "data.sensitive.1.column"
    assert (found.line, found.column) == (7, 20)


def test_checks_still_run_on_sound_sections_beside_a_broken_one(problems):
    text = CLASSIFY.replace("[Age, Marital]", "[Age, Age]") + "split: {type: randm}\n"
    found = problems(text.replace("MLPClassifier", "Ridge"))
    assert [p.path for p in found] == ["data.sensitive.1", "model.type", "split.type"]


def test_bags_of_resampled_rows(problems):
    model = "model: {type: RealMLPClassifier, n_bags: 3}"
    bagged = CLASSIFY.replace("model: {type: MLPClassifier}", model)
    assert problems(bagged + "imbalance: {type: class_weight}\n") == []
    found = one(problems(bagged + "imbalance: {type: sampler, name: SMOTENC}\n"))
    assert (found.path, found.line) == ("model.n_bags", 8)
    assert "class_weight" in found.message


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ("schedule_params: {cycles: 3}", None),
        ("schedule_params: {cycle: 3}", "model.schedule_params.cycle"),
        ("schedule: cosine, schedule_params: {flat: 0.5}", "model.schedule_params.flat"),
    ],
)
def test_numbers_of_the_schedule_that_a_preset_chooses(problems, keys, path):
    text = CLASSIFY.replace("MLPClassifier}", f"RealMLPClassifier, {keys}}}")
    assert [p.path for p in problems(text)] == ([] if path is None else [path])


def test_a_space_over_what_a_preset_gives(problems):
    text = CLASSIFY.replace("MLPClassifier", "RealMLPClassifier")
    space = "dropout: {values: [null, 0.3]}, hidden_layer_sizes: {values: [null, [64, 64]]}"
    more = "learning_rate: {low: 0.01, high: 0.3, log: true}, preset: {values: [td, td-s]}"
    search = "search: {{type: random, space: {{{}}}}}\n"
    assert problems(text + search.format(f"{space}, {more}")) == []
    found = one(
        problems(text + search.format("epochs: {values: [null, 0]}, tol: {values: [0.1]}"))
    )
    assert found.path == "search.space.epochs.values.1"
    assert one(problems(text + search.format("n_bags: {values: [2]}"))).path.endswith("n_bags")
