"""What a broken data contract means for a run: it depends on where the test rows come from."""

import pytest
from run_toys import CONFIG, fewer_checks, toy_frame, write_toy

from appliednn.pipeline._runner import run
from appliednn.pipeline.config import load_config


@pytest.fixture
def odd_frame():
    """Give the last rows an income far from all others; ``id`` is their order in time."""
    frame = toy_frame()
    frame.loc[frame.index[-3:], "income"] = 1e6
    return frame


@pytest.mark.parametrize(
    ("split", "code"),
    [("{type: time, column: id, test_size: 0.25}", 3), ("{type: random, test_size: 0.25}", 0)],
    ids=["later rows", "a random draw"],
)
def test_only_later_rows_fail_the_run(split, code, odd_frame, tmp_path, monkeypatch):
    fewer_checks(monkeypatch)
    text = CONFIG.replace("missing: {type: simple}", f"missing: {{type: simple}}\nsplit: {split}")
    text = text.replace("drop: [id]", "drop: []")
    path = write_toy(tmp_path, text, odd_frame)
    outcome = run(load_config(path, ["search={type: none}", "seed=5"]))
    said = "\n".join(outcome.lines)
    assert outcome.exit_code == code, said
    if code == 3:
        assert "income: 3 of 72 rows outside" in said
