"""A damaged config is refused with problems, never with another error."""

import random
from pathlib import Path

import pytest

from appliednn.pipeline.config import ConfigError, load_config

TEXT = (Path(__file__).parents[2] / "pipelines" / "credit.yaml").read_text()
CHARACTERS = "{}[]:,-#&*!|>'\"%@`?\t\n \\0a5.~$\x00é"
VALUES = ("", "null", "true", "-1", "1.5", "x", "[]", "{}", "[1]", "{type: x}", "{1: 2}", ".inf")
PATHS = ("model", "model.type", "data.sensitive.0", "gates.1", "search", "imbalance.weights", "1")


def damaged(rng):
    characters = list(TEXT)
    for _ in range(rng.randint(1, 4)):
        i = rng.randrange(len(characters))
        characters[i] = rng.choice(["", characters[i] * 2, rng.choice(CHARACTERS)])
    return "".join(characters)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_texts_and_values(tmp_path, seed):
    rng = random.Random(seed)
    path = tmp_path / "run.yaml"
    for _ in range(40):
        path.write_text(damaged(rng), encoding="utf-8")
        overrides = [f"{rng.choice(PATHS)}={rng.choice(VALUES)}"]
        try:
            load_config(path, overrides, {})
        except ConfigError as error:
            assert error.problems
            assert all(p.message and str(p) for p in error.problems)
