"""Logs as they come from other programs: tables with named columns, in any order."""

import numpy as np
import pandas as pd
import pytest

from appliednn.reinforcement import LoggedTransitions, compare_policies, off_policy_value

ACTIONS = np.array(["c", "ä", "日本"] * 20)
REWARDS = np.array([0.0, 1.0, 2.0] * 20)
EVEN = np.full(60, 1 / 3)


def always(label):
    """Return a table of probabilities whose columns are not in the order of the labels."""
    table = pd.DataFrame(0.0, index=range(60), columns=["日本", "ä", "c"])
    return table.assign(**{label: 1.0})


@pytest.mark.parametrize(("label", "value"), [("c", 0.0), ("ä", 1.0), ("日本", 2.0)])
def test_probabilities_in_a_table_are_read_by_the_names_of_its_columns(label, value):
    found = off_policy_value(always(label), ACTIONS, REWARDS, EVEN, method="ips")
    assert found.value == pytest.approx(value)
    by_function = off_policy_value(
        lambda X: always(label), ACTIONS, REWARDS, EVEN, np.zeros((60, 1)), method="ips"
    )
    assert by_function.value == found.value


def test_propensities_in_a_table_are_read_by_the_names_of_its_columns():
    uneven = {"日本": 0.5, "ä": 0.3, "c": 0.2}
    table = pd.DataFrame(uneven, index=range(60))
    own = np.array([uneven[action] for action in ACTIONS])
    expected = off_policy_value("c", ACTIONS, REWARDS + 1, own, method="ips").value
    found = off_policy_value("c", ACTIONS, REWARDS + 1, table, method="ips").value
    assert found == expected == pytest.approx(1 / 0.2 / 3)


def test_a_table_whose_columns_are_no_actions_is_refused():
    table = always("c").rename(columns={"c": "d"})
    with pytest.raises(ValueError, match=r"'d'.*expected a column for each"):
        off_policy_value(table, ACTIONS, REWARDS, EVEN, method="ips")


def test_percentages_are_told_from_probabilities():
    with pytest.raises(ValueError, match="divide percentages by 100"):
        off_policy_value("c", ACTIONS, REWARDS, 100 * EVEN, method="ips")


def test_policies_without_names_are_told_what_is_expected():
    with pytest.raises(TypeError, match="dictionary of names"):
        compare_policies(["c"], ACTIONS, REWARDS, EVEN)


def table_of_steps(episodes):
    n = len(episodes)
    return pd.DataFrame(
        {"x": np.arange(n), "action": 0, "reward": 1.0, "terminal": False, "run": episodes}
    )


def test_rows_of_an_episode_that_do_not_stand_together_are_refused():
    log = LoggedTransitions.from_frame(table_of_steps(["a", "a", "b"]), ["x"], episode="run")
    assert log.episodes.tolist() == [0, 0, 1]
    with pytest.raises(ValueError, match="episode 'a'.*sort the table"):
        LoggedTransitions.from_frame(table_of_steps(["a", "b", "a"]), ["x"], episode="run")


@pytest.mark.parametrize("cut", [["False", "True"], [np.nan, 1.0]])
def test_limits_that_are_no_truth_values_are_refused(cut):
    table = table_of_steps(["a", "a"]).assign(cut=cut)
    with pytest.raises(ValueError, match="cut must hold True or False"):
        LoggedTransitions.from_frame(table, ["x"], timeout="cut")
