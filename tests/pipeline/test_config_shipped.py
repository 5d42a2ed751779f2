from pathlib import Path

import pytest

from appliednn.pipeline.config import load_config

FILES = sorted((Path(__file__).parents[2] / "pipelines").glob("*.yaml"))


def test_there_are_pipelines():
    assert {"credit.yaml", "ames.yaml"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_shipped_pipeline_is_valid_and_says_who_it_is_for(path):
    loaded = load_config(path, env={})
    assert loaded.config.name == path.stem
    assert loaded.config.report.intended_use
    assert loaded.config.gates
    assert loaded.resolve(loaded.config.report.dir).resolve().name == "reports"
