"""TabM, ResNet and FT-Transformer give what the authors' PyTorch code gave.

Recorded from torch 2.13.0, tabm 0.0.3, rtdl_num_embeddings 0.0.12 and rtdl_revisiting_models 0.0.2
by ``python benchmarks/tabular_architectures_parity.py --record
tests/tabular/architectures_parity.npz``.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from appliednn.core._architecture import Architecture

RECORDED = np.load(Path(__file__).with_name("architectures_parity.npz"))
CASES = sorted({key.split("|")[0] for key in RECORDED.files})


def rebuilt(case):
    """Return our model with the recorded weights; every weight must have been recorded."""
    name, params = json.loads(str(RECORDED[f"{case}|architecture"]))
    model = Architecture.of(name, **params).build()
    for layer in model.layers:
        for variable in layer.variables:
            if variable.name not in ("counter", "seed", "rate"):
                variable.assign(RECORDED[f"{case}|weight|{layer.name}/{variable.name}"])
    return model


def test_the_recording_holds_every_architecture():
    assert len(CASES) == 9
    assert {case.split()[0] for case in CASES} == {"tabm", "resnet", "ft_transformer"}


@pytest.mark.parametrize("case", CASES)
def test_outputs_are_those_of_the_reference(case):
    model, x, expected = rebuilt(case), RECORDED[f"{case}|x"], RECORDED[f"{case}|out"]
    if case.startswith("tabm"):
        x = np.repeat(x[:, None], expected.shape[1], axis=1)
    out = np.asarray(model(x, training=case.endswith("training")))
    np.testing.assert_allclose(out, expected, atol=2e-6 * np.abs(expected).max())


def test_the_moving_statistics_of_batch_normalisation_are_those_of_the_reference():
    model = rebuilt("resnet training")
    model(RECORDED["resnet training|x"], training=True)
    layer = model.get_layer("normalization")
    for name in ("moving_mean", "moving_variance"):
        expected = RECORDED[f"resnet training|after/{name}"]
        np.testing.assert_allclose(np.asarray(getattr(layer, name)), expected, atol=1e-6)
