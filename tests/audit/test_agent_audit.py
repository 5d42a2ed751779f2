"""The audit of an agent: what it is given, what it finds, what its report says."""

import json

import gymnasium as gym
import jsonschema
import numpy as np
import pytest
from agent_toys import (
    Alternating,
    Corridor,
    Corridors,
    FromALog,
    OneAction,
    PoleAgent,
    TrainedAgent,
    played,
)

from appliednn.audit import audit, audit_agent, default_gates, report_schema
from appliednn.audit.report._safe_svg import safe_svg
from appliednn.core.errors import UsageError

QUICK = ["ANN1101", "ANN1103", "ANN1104", "ANN1106"]
SEEDS = list(range(100, 112))


@pytest.fixture(scope="module")
def weak():
    """An agent that holds the pole for a while, with the cheap checks."""
    agent = PoleAgent([0.0, 0.0, 1.0, 0.0])
    return agent, audit_agent(agent, seeds=SEEDS, checks=[*QUICK, "ANN1105"])


@pytest.fixture(scope="module")
def whole():
    """Every check on an agent that holds the pole up, in few and short episodes."""
    return audit_agent(
        PoleAgent(),
        n_episodes=10,
        max_steps=60,
        options={
            "robustness": {"noise": [0.5], "eps": [0.3], "n_episodes": 10},
            "explanations": {"max_rows": 30, "n_iterations": 1, "n_episodes": 10},
        },
        card={"title": "Pole"},
    )


def estimates(report):
    return {
        key: estimate
        for records in report.sections.values()
        for record in records
        for key, estimate in record.result.estimates.items()
    }


def record(report, check):
    (found,) = [r for records in report.sections.values() for r in records if r.id == check]
    return found


def test_returns_are_those_of_a_plain_loop_over_the_environment(weak):
    agent, report = weak
    returns, lengths = played(agent, "CartPole-v1", SEEDS)
    found = estimates(report)
    assert found["return_mean"].value == pytest.approx(returns.mean())
    assert found["return_median"].value == pytest.approx(np.median(returns))
    middle = np.sort(returns)[len(returns) // 4 : len(returns) - len(returns) // 4]
    assert found["return_iqm"].value == pytest.approx(middle.mean())
    assert found["episode_length"].value == pytest.approx(lengths.mean())
    low, high = found["return_mean"].ci
    assert low < returns.mean() < high and found["return_mean"].n == len(SEEDS)


def test_the_worst_episodes_are_named_by_their_seeds(weak):
    agent, report = weak
    returns, lengths = played(agent, "CartPole-v1", SEEDS)
    rows = record(report, "ANN1101").result.tables[1].rows
    worst = int(np.argmin(returns))
    assert rows[0][:3] == [str(SEEDS[worst]), returns[worst], int(lengths[worst])]
    assert rows[0][3] == "the environment"


def test_gains_over_baselines_are_paired_on_the_same_seeds(weak):
    agent, report = weak
    ours = played(agent, "CartPole-v1", SEEDS)[0]
    found = estimates(report)
    constants = [played(OneAction(a), "CartPole-v1", SEEDS)[0] for a in (0, 1)]
    gains = {round(float((ours - c).mean()), 9) for c in constants}
    assert round(found["return_vs_constant"].value, 9) in gains
    rule = np.full(len(ours), 500.0)  # the rule of thumb never drops the pole
    assert found["return_vs_rule"].value == pytest.approx((ours - rule).mean())
    chance = rule.mean() + found["return_vs_rule"].value - found["return_vs_random"].value
    share = (ours.mean() - chance) / (rule.mean() - chance)
    assert found["return_share_of_rule"].value == pytest.approx(share)


def test_default_gates_ask_for_more_than_chance_a_constant_and_most_of_a_rule(weak):
    _, report = weak
    states = {g.gate.metric: g.status for g in report.gates}
    assert states == {
        "return_vs_random": "PASS",
        "return_vs_constant": "PASS",
        "return_share_of_rule": "FAIL",
    }
    assert report.verdict == "FAIL"
    plain = [g.metric for g in default_gates("reinforcement")]
    assert plain == ["return_vs_random", "return_vs_constant"]


def test_an_agent_that_always_takes_the_best_constant_action_does_not_pass():
    report = audit_agent(OneAction(0), seeds=SEEDS, checks=QUICK)
    assert report.verdict != "PASS"
    titles = [f.title for f in report.findings]
    assert "One action nearly always" in titles
    assert any(title.startswith("No better than the best constant action") for title in titles)
    assert estimates(report)["action_share[0]"].value == 1.0
    assert estimates(report)["unused_actions"].value == 1


def test_every_check_runs_on_an_agent_and_none_breaks(whole):
    ran = {r.id for records in whole.sections.values() for r in records}
    idle = {n.id: n.reason for n in whole.not_checked}
    assert ran | set(idle) == {f"ANN{1100 + k}" for k in range(1, 16)}
    assert not [n for n in whole.not_checked if n.failed]
    assert "train_seeds=3" in idle["ANN1107"] and "info" in idle["ANN1102"]
    assert set(whole.sections) == {
        "performance", "baselines", "robustness", "explanations", "resources",
    }  # fmt: skip


def test_the_report_meets_the_schema_and_its_page_speaks_of_episodes(whole):
    data = json.loads(whole.to_json())
    jsonschema.validate(data, report_schema())
    assert data["provenance"]["data"][0]["role"] == "episodes"
    page = whole.to_html()
    assert "reinforcement learning · 10 fresh episodes" in page
    assert "held-out" not in page and len(page) < 1_000_000


def test_the_page_plays_an_episode_and_can_stand_still(whole):
    page = whole.to_html()
    assert "<animateTransform" in page and '<g class="still"' in page
    assert "prefers-reduced-motion" in page and "<script" not in page


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        ('<animate attributeName="href" values="javascript:alert(1)"/>', False),
        ('<animate attributeName="onload" values="alert(1)"/>', False),
        ('<set attributeName="href" to="javascript:alert(1)"/>', False),
        ('<animateTransform attributeName="transform" type="rotate" values="0;9"/>', True),
        ('<animate attributeName="visibility" values="hidden;visible"/>', True),
    ],
)
def test_only_moving_turning_and_vanishing_is_let_onto_the_page(what, kept):
    assert (safe_svg(f"<svg><g>{what}</g></svg>") is not None) == kept


def test_two_audits_with_one_seed_say_the_same():
    def said():
        report = audit_agent(PoleAgent(), n_episodes=10, max_steps=30, checks=QUICK)
        return {k: e.to_dict() for k, e in estimates(report).items()}

    assert said() == said()


def test_constraints_are_counted_by_episode_and_judged():
    report = audit_agent(Corridors(1), n_episodes=10, checks=["performance"])
    found = estimates(report)
    assert found["cost_per_episode[cost]"].value == 10.0
    assert found["cost_episode_share[cost]"].value == 1.0
    assert found["info_per_episode[steps]"].value == 10.0
    assert [f.severity for f in report.findings if f.id == "ANN1102.1"] == ["high"]
    harmless = audit_agent(Corridors(0), n_episodes=10, checks=["ANN1102"], gates=[])
    assert not harmless.findings
    other = {"performance": {"costs": ["steps"]}}
    chosen = audit_agent(Corridors(0), n_episodes=10, checks=["ANN1102"], gates=[], options=other)
    assert estimates(chosen)["cost_episode_share[steps]"].value == 1.0


def test_an_environment_that_its_seed_does_not_settle_is_found():
    def unsettled():
        return Corridor(unseeded=True)

    report = audit_agent(Corridors(1, unsettled), n_episodes=10, checks=["ANN1104"], gates=[])
    assert estimates(report)["repeated_return_share"].value < 1
    assert [f.title for f in report.findings] == ["The same seed gives another return"]


def test_episodes_that_differ_in_nothing_are_told_to_be_one(weak):
    report = audit_agent(Corridors(0), n_episodes=10, checks=["ANN1101"], gates=[])
    assert [f.title for f in report.findings] == ["Every episode is the same one"]
    assert "Every episode is the same one" not in [f.title for f in weak[1].findings]


def test_an_agent_with_a_memory_is_not_asked_about_single_observations():
    checks = ["ANN1110", "ANN1112", "ANN1113", "ANN1101"]
    report = audit_agent(Alternating(), n_episodes=10, checks=checks, gates=[])
    asked = {n.id: n.reason for n in report.not_checked if n.id in checks}
    assert set(asked) == {"ANN1110", "ANN1112", "ANN1113"}
    assert all("remembers" in reason for reason in asked.values())


def test_an_agent_from_a_log_has_no_copies_trained():
    report = audit_agent(FromALog(), n_episodes=10, train_seeds=3, checks=["ANN1107"], gates=[])
    (idle,) = [n for n in report.not_checked if n.id == "ANN1107"]
    assert "FromALog does not learn in an environment" in idle.reason and not idle.failed


def test_sizes_of_attacks_come_in_any_order():
    options = {"robustness": {"eps": [0.5, 0.1], "n_episodes": 10}}
    given = {"n_episodes": 10, "max_steps": 30, "checks": ["ANN1110"], "gates": []}
    found = estimates(audit_agent(PoleAgent(), options=options, **given))
    small, large = (found[f"changed_decisions[pgd {size}]"].value for size in (0.1, 0.5))
    assert small < large


def test_copies_with_other_seeds_show_how_much_is_luck():
    agent = TrainedAgent(random_state=0).fit()
    report = audit_agent(agent, n_episodes=10, train_seeds=4, checks=["training"], gates=[])
    rows = record(report, "ANN1107").result.tables[0].rows
    assert rows[0] == ["the audited agent", None, 500.0, None]
    good = np.array([int(seed) % 2 == 0 for seed, *_ in rows[1:]])
    means = np.array([row[2] for row in rows[1:]])
    assert good.any() and not good.all()
    assert (means[good] == 500).all() and (means[~good] < 50).all()
    found = estimates(report)
    assert found["failed_seed_share"].value == pytest.approx((~good).mean())
    assert found["seed_return_mean"].value == pytest.approx(means.mean())
    assert found["seed_return_spread"].value == pytest.approx(means.std(ddof=1))
    assert "Training fails with some seeds" in [f.title for f in report.findings]


class Memory(dict):
    def put(self, key, data):
        self[key] = data


def test_an_audit_taken_up_again_trains_no_copy_twice():
    agent, journal = TrainedAgent().fit(), Memory()
    given = {"n_episodes": 10, "train_seeds": 2, "checks": ["ANN1107"], "gates": []}
    before = TrainedAgent.n_fits
    first = audit_agent(agent, journal=journal, **given)
    assert TrainedAgent.n_fits == before + 2
    del journal["ANN1107"]  # killed before the check as a whole was done
    again = audit_agent(agent, journal=journal, **given)
    assert TrainedAgent.n_fits == before + 2
    assert estimates(first) == estimates(again)
    shorter = {"training": {"total_timesteps": 60}}
    audit_agent(agent, journal=journal, options=shorter, **given)
    assert TrainedAgent.n_fits == before + 4


def test_copies_that_are_too_dear_are_left_with_a_reason():
    options = {"training": {"max_seconds": 1e-9}}
    given = {"n_episodes": 10, "train_seeds": 3, "checks": ["ANN1107"], "gates": []}
    report = audit_agent(TrainedAgent().fit(), options=options, **given)
    assert "too dear" in report.not_checked[0].reason and not report.not_checked[0].failed


def test_a_kept_return_that_flatters_is_told():
    agent = TrainedAgent().fit()
    agent.best_return_ = 700.0
    report = audit_agent(agent, n_episodes=10, checks=["ANN1108"], gates=[])
    assert estimates(report)["best_return_optimism"].value == 200.0
    assert [f.title for f in report.findings] == ["The return it was kept for flatters"]


def test_noise_and_changed_dynamics_are_those_of_the_robustness_room(whole):
    from appliednn.robustness.policies import DYNAMICS

    found = estimates(whole)
    assert found["return_noise[0.5]"].value + found["return_noise_lost[0.5]"].value == 60.0
    shifted = [key for key in found if key.startswith("return_shifted[")]
    assert len(shifted) == sum(len(factors) for factors in DYNAMICS["CartPole"].values())
    assert found["return_random_change[0.3]"].value >= found["return_pgd[0.3]"].value


def test_a_tree_that_decides_otherwise_is_stamped(whole):
    found = estimates(whole)
    stamped = any("do not rely on this" in f.title for f in whole.findings if "ANN1112" in f.id)
    assert stamped == (found["tree_fidelity[own]"].value < 0.9)
    rules = record(whole, "ANN1112").result.tables[1]
    assert len(rules.rows) == found["tree_leaves"].value
    assert sum(row[2] for row in rules.rows) == pytest.approx(1.0)


def test_the_nearest_other_decision_of_a_linear_agent_is_the_hyperplane():
    agent = PoleAgent()
    options = {"explanations": {"max_nearest": 40}}
    given = {"n_episodes": 10, "max_steps": 60, "checks": ["ANN1115"], "gates": []}
    report = audit_agent(agent, options=options, **given)
    found = estimates(report)
    seen = []
    env = gym.make("CartPole-v1")
    for seed in range(10):
        observation, _ = env.reset(seed=seed)
        for _ in range(60):
            seen.append(observation)
            observation = env.step(int(agent.predict(observation[None])[0]))[0]
    seen = np.array(seen)
    weights = (agent.W[1] - agent.W[0]) * seen.std(axis=0)
    far = np.abs(seen @ (agent.W[1] - agent.W[0])) / np.linalg.norm(weights)
    low, high = found["decision_distance"].ci
    assert low <= np.median(far) <= high
    changes = {k: e.value for k, e in found.items() if k.startswith("decision_change")}
    assert max(changes, key=changes.get) in (
        "decision_change[pole angle]",
        "decision_change[pole velocity]",
    )


def test_decisions_of_a_linear_agent_rest_on_weight_times_spread(whole):
    found = estimates(whole)
    names = ["cart position", "cart velocity", "pole angle", "pole velocity"]
    sizes = {name: found[f"policy_importance[{name}]"].value for name in names}
    assert max(sizes, key=sizes.get) in ("pole angle", "pole velocity")
    assert min(sizes, key=sizes.get) == "cart position"
    assert found["policy_shap_completeness_gap"].value < 1e-6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"agent": PoleAgent}, "got the class PoleAgent"),
        ({"agent": object()}, "without predict and policy"),
        ({"agent": TrainedAgent()}, "not fitted: call TrainedAgent.fit"),
        ({"n_episodes": 5}, "n_episodes must be a whole number of at least 10"),
        ({"seeds": [1, 1]}, "at least 10 different numbers"),
        ({"seeds": "abc"}, "seeds must be a list of whole numbers"),
        ({"train_seeds": -1}, "train_seeds must be a whole number of at least 0"),
        ({"gates": [{"metric": "retrun_mean", "op": ">=", "threshold": 1}]}, "return_mean"),
        ({"options": {"robustnes": {}}}, "no section"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(change, said):
    given = {"agent": PoleAgent(), "n_episodes": 10, "checks": QUICK, **change}
    with pytest.raises(UsageError, match=said):
        audit_agent(**given)


def test_the_audit_of_tables_says_where_agents_are_audited():
    with pytest.raises(UsageError, match="audit_agent"):
        audit(PoleAgent(), np.zeros((3, 4)), np.zeros(3))


def test_an_agent_without_environment_is_asked_for_one():
    agent = PoleAgent(env=None)
    with pytest.raises(UsageError, match="env is needed"):
        audit_agent(agent, n_episodes=10)
