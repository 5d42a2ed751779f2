"""RealMLP beside pytabkit's, step by step from the same weights on the same batches.

    python benchmarks/realmlp_parity.py [--record FILE]

Needs ``pip install torch pytorch-lightning torchmetrics psutil`` and ``pip install --no-deps
pytabkit==1.7.3``. pytabkit trains a small network for 50 steps, without dropout (two libraries
share no masks); ours replays its batches from its first weights, and the largest differences of
losses, weights, schedules, encoded inputs and predictions are printed. ``--record`` writes what
pytabkit did, from which tests/tabular/test_realmlp_parity.py repeats the comparison without it.
"""

from __future__ import annotations

import argparse
import logging
import os
import warnings
from itertools import pairwise

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pytorch_lightning as pl  # noqa: E402
import torch  # noqa: E402
from pytabkit.models.alg_interfaces.base import InterfaceResources, SplitIdxs  # noqa: E402
from pytabkit.models.data.conversion import ToDictDatasetConverter  # noqa: E402
from pytabkit.models.data.data import DictDataset, TensorInfo  # noqa: E402
from pytabkit.models.nn_models.categorical import EncodingLayer  # noqa: E402
from pytabkit.models.nn_models.nn import PLREmbeddingsLayerCosBias  # noqa: E402
from pytabkit.models.sklearn.default_params import DefaultParams  # noqa: E402
from pytabkit.models.training.lightning_modules import TabNNModule  # noqa: E402
from pytabkit.models.training.metrics import Metrics  # noqa: E402
from torch.overrides import TorchFunctionMode  # noqa: E402

from appliednn.core._trainer import Rows, Trainer  # noqa: E402
from appliednn.tabular import RealMLPClassifier, RealMLPRegressor  # noqa: E402

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

# 101 rows: quartiles are rows of the data by every definition, and a batch leaves one row over.
TRAIN, HELD, BATCH, EPOCHS, WIDTHS = 101, 40, 20, 10, [16, 16, 16]
STEPS = EPOCHS * (TRAIN // BATCH)
KEPT = (2, 10, STEPS)  # steps after which weights are compared; the first has the rate 0
CASES = {
    "td multiclass": (DefaultParams.RealMLP_TD_CLASS, "multiclass"),
    "td binary": (DefaultParams.RealMLP_TD_CLASS, "binary"),
    "td regression": (DefaultParams.RealMLP_TD_REG, "regression"),
    "td-s multiclass": (DefaultParams.RealMLP_TD_S_CLASS, "multiclass"),
    "td-s regression": (DefaultParams.RealMLP_TD_S_REG, "regression"),
}
NAMES = {"scale": "scale", "weight": "kernel", "bias": "bias", "act": "mix"}
EMBEDDING = {"weight_1": "frequency", "bias_1": "phase", "weight_2": "kernel", "bias_2": "shift"}


def table(seed: int = 0) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return rows with every kind of column, and a target of each kind."""
    rng = np.random.default_rng(seed)
    n = TRAIN + HELD
    numbers = {
        "normal": rng.normal(size=n),
        "skewed": np.exp(2 * rng.normal(size=n)),
        "counts": rng.poisson(3, n).astype(float),
        "mostly_zero": np.where(rng.random(n) < 0.1, rng.random(n), 0.0),
        "large": 1e4 + 1e3 * rng.random(n),
    }
    levels = {"four": list("abcd"), "two": ["no", "yes"], "twelve": list("abcdefghijkl")}
    codes = {k: rng.permutation(np.arange(n) % len(v)) for k, v in levels.items()}
    signal = numbers["normal"] + 0.4 * numbers["counts"] + np.sin(codes["twelve"])
    signal += (codes["four"] == 2) + 2.0 * (numbers["mostly_zero"] > 0) + 0.3 * rng.normal(size=n)
    categories = {k: np.array(v, dtype=object)[codes[k]] for k, v in levels.items()}
    categories["four"][::17] = np.nan
    ranks = np.argsort(np.argsort(signal))
    cut = np.clip(signal, *np.quantile(signal, [0.15, 0.85]))  # some predictions leave the range
    targets = {
        "multiclass": ranks * 3 // n,
        "binary": ranks * 2 // n,
        "regression": 50.0 + 20.0 * np.where(np.arange(n) < TRAIN, cut, signal),
    }
    return pd.DataFrame({**numbers, **categories}), targets


class Draws(TorchFunctionMode):
    """Keeps the random numbers that a network starts from, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[str, np.ndarray]] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        name = getattr(function, "__name__", "")
        if name in ("randn", "randint", "exponential_"):
            self.kept.append((name, out.detach().clone().numpy()))
        return out

    def by_layer(self) -> dict[str, np.ndarray]:
        """Return the draws of the linear layers: kernel, rows and shares of the bias."""
        names = [f"dense_{i}" for i in range(len(WIDTHS))] + ["output"]
        kinds = ("randn", "randint", "exponential_")
        last = self.kept[-3 * len(names) :]
        if [kind for kind, _ in last] != list(kinds) * len(names):
            return {}  # the simple variant draws no biases from the data
        words = ("kernel", "rows", "shares")
        where = [f"{layer}/{word}" for layer in names for word in words]
        return dict(zip(where, (values for _, values in last), strict=True))


class Recorder(pl.Callback):
    """Writes down each step of pytabkit's trainer."""

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.out = {k: [] for k in ("rows", "loss", "rate", "decay", "error")}
        self.weights: dict[int, dict[str, np.ndarray]] = {}

    def on_train_batch_start(self, trainer, module, batch, batch_idx) -> None:
        """Find the batch's rows by the first column, in which no two are equal."""
        known = module.train_dl.ds.tensors["x_cont"][:, 0]
        mine = batch["x_cont"][0, :, 0]
        self.out["rows"].append((mine[:, None] == known[None]).int().argmax(1).numpy())

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        """Keep loss, learning rate, decay and, after some steps, the weights."""
        loss = outputs["loss"] if isinstance(outputs, dict) else outputs
        optimizer = module.optimizers(use_pl_optimizer=False)
        last = optimizer.n_groups - 2  # the last kernel, whose factors are 1
        self.out["loss"].append(float(loss))
        for name, hyper in (("rate", "lr"), ("decay", "wd")):
            self.out[name].append(float(optimizer.get_hyper_values(hyper, last)))
        if len(self.out["loss"]) in KEPT:
            self.weights[len(self.out["loss"])] = weights_of(module)

    def on_validation_end(self, trainer, module) -> None:
        """Keep the metric that picks the epoch, and the outputs."""
        raw = torch.cat(module.val_preds, dim=-2)[0]
        error = Metrics.apply(raw, module.val_dl.val_y[0], self.metric)
        self.out["error"].append(float(error))
        self.raw = raw.detach().numpy()


def weights_of(module) -> dict[str, np.ndarray]:
    """Return the weights of the one network, by our names and in our shapes."""
    out, tables = {}, []
    for p in module.model.parameters():
        scope, value = str(p.context.scope).split("/"), p.detach()[0].clone().numpy()
        if "plr" in scope:
            out[f"numbers/{EMBEDDING[scope[-1]]}"] = value
        elif "emb" in scope:
            tables.append(value)
        else:
            i, name = int(scope[-2].removeprefix("layer-")), NAMES[scope[-1]]
            layer = {"scale": "scale", "mix": f"activation_{i}"}.get(name, f"dense_{i}")
            layer = "output" if layer == f"dense_{len(WIDTHS)}" else layer
            out[f"{layer}/{name}"] = value if name == "kernel" else value[0]
    if tables:
        out["categories/table"] = np.concatenate(tables)
    return out


def encoded(module) -> np.ndarray:
    """Return all rows as they enter the embeddings: numbers, one-hot columns, codes."""
    ds = module.train_dl.ds
    parts: dict[str, np.ndarray] = {}

    def keep_numbers(layer, args):
        parts["numbers"] = args[0]["x_cont"][0].numpy()

    def keep_categories(layer, args):
        parts["onehot"] = args[0]["x_cont"][0].numpy()
        parts["codes"] = args[0]["x_cat"][0].numpy()

    layers = list(module.model.modules())
    numbers = [la for la in layers if isinstance(la, PLREmbeddingsLayerCosBias)]
    if not numbers:
        return ds.tensors["x_cont"].numpy()
    categories = [la for la in layers if isinstance(la, EncodingLayer)][-1]
    handles = [
        numbers[0].register_forward_pre_hook(keep_numbers),
        categories.register_forward_pre_hook(keep_categories),
    ]
    module.model.eval()
    with torch.no_grad():
        module.model({k: t[None] for k, t in ds.tensors.items() if k != "y"})
    for handle in handles:
        handle.remove()
    return np.concatenate([parts[k] for k in ("numbers", "onehot", "codes")], axis=1)


def reference(case: str) -> dict[str, np.ndarray]:
    """Train pytabkit's network with pytabkit's trainer; return what happened."""
    defaults, kind = CASES[case]
    X, targets = table()
    y = torch.as_tensor(targets[kind])[:, None]
    y, info = (y.float(), {"feat_shape": [1]}) if kind == "regression" else (
        y.long(), {"cat_sizes": [int(y.max()) + 1]}
    )  # fmt: skip
    x = ToDictDatasetConverter().fit_transform(X)
    ds = DictDataset.join(x, DictDataset({"y": y}, {"y": TensorInfo(**info)}))
    config = {**defaults, "hidden_sizes": WIDTHS, "batch_size": BATCH, "n_epochs": EPOCHS}
    if "p_drop" in config:
        config["p_drop"] = 0.0
    module = TabNNModule(**config)
    everything = torch.arange(TRAIN + HELD)[None]
    split = SplitIdxs(everything[:, :TRAIN], everything[:, TRAIN:], None, 0, [1], 0)
    with Draws() as draws:
        module.compile_model(ds, [split], InterfaceResources(n_threads=1, gpu_devices=[]))
    out = {f"draw|{name}": value for name, value in draws.by_layer().items()}
    out |= {f"first|{name}": value for name, value in weights_of(module).items()}
    out |= {"x": encoded(module).astype(np.float32), "y": targets[kind]}
    recorder = Recorder(module.val_metric_names[0])
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=EPOCHS, callbacks=[*module.create_callbacks(), recorder],
        enable_checkpointing=False, enable_progress_bar=False, num_sanity_val_steps=0,
        logger=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, module.train_dl, module.val_dl)
    for step, weights in recorder.weights.items():
        out |= {f"after {step}|{name}": value for name, value in weights.items()}
    out |= {name: np.array(values, np.float32) for name, values in recorder.out.items()}
    best = module.best_val_epochs[module.val_metric_names[0]][0][0]
    return out | {
        "rows": np.array(recorder.out["rows"], np.uint8),
        "held_raw": recorder.raw,
        "best_epoch": np.array(best),
    }


def ours(case: str, seen: dict[str, np.ndarray]) -> dict[str, float]:
    """Replay the recorded batches; return the largest relative differences."""
    X, targets = table()
    y = targets[CASES[case][1]]
    estimator = our_estimator(case)
    estimator._target = estimator._learn_target(y[:TRAIN], np.ones(TRAIN), None)
    estimator.encoder_ = estimator._make_encoder().fit(X[:TRAIN])
    x = estimator.encoder_.transform(X)
    y = estimator._target.encode(y)
    every = Rows(x, y, np.ones(len(x), np.float32))
    program, trainer, start = prepared(estimator, Rows(*(a[:TRAIN] for a in every)), seen)
    numbers = trainer._step_numbers(STEPS)
    decay = trainer.plan.hyper["weight_decay"]
    out = {
        "inputs": relative(x, seen["x"]),
        "rates": relative(numbers[:, 0], seen["rate"]),
        "decays": relative(numbers[:, 1] * decay, seen["decay"]),
    }
    program.start(trainer.plan.hyper, start, 0)
    losses = []
    for first, last in pairwise((0, *KEPT)):
        batches = [part[seen["rows"][first:last]] for part in every]
        losses.append(program.run(*batches, numbers[first:last]))
        out[f"weights after {last}"] = max(differences(program, seen, f"after {last}|"))
    out["losses"] = relative(np.concatenate(losses), seen["loss"])
    raw = program.evaluate(*(a[TRAIN:] for a in every))[1]
    raw = estimator._target.decode(raw) if "regression" in case else raw
    raw = raw.reshape(HELD, -1)
    return out | {"predictions": relative(raw, one_logit(seen["held_raw"], raw.shape))}


def prepared(estimator, rows: Rows, seen: dict[str, np.ndarray]):
    """Return program, trainer and pytabkit's first weights, in the program's order."""
    estimator._input_shape = rows.x.shape[1:]
    architecture, loss, optimizer, hyper = estimator._make_program(0)
    program = estimator._program(architecture, loss, optimizer)
    fitted = estimator._fitted_weights(architecture, program.initial_weights(0), rows, 0)
    start = [
        one_logit(seen.get(f"first|{name}", value), value.shape)
        for name, value in zip(names_of(program.model), fitted, strict=True)
    ]
    plan = estimator._plan(hyper, [0, 0, 0, 0], partial=False, early=True, n_rows=TRAIN)
    return program, Trainer(program, plan, rows), start


def differences(program, seen: dict[str, np.ndarray], prefix: str) -> list[float]:
    """Return the relative difference of each recorded weight."""
    named = dict(zip(names_of(program.model), program.get_weights(), strict=True))
    recorded = {k.removeprefix(prefix): v for k, v in seen.items() if k.startswith(prefix)}
    return [
        relative(named[name], one_logit(value, named[name].shape), np.abs(value).max())
        for name, value in recorded.items()
    ]


def our_estimator(case: str):
    """Return ours as pytabkit trains: smoothed labels, no column that tells of missing values."""
    same = {"hidden_layer_sizes": WIDTHS, "batch_size": BATCH, "epochs": EPOCHS, "dropout": 0.0}
    same["missing"] = "median"
    preset, kind = case.split()
    if kind == "regression":
        return RealMLPRegressor(preset, **same)
    return RealMLPClassifier(preset, label_smoothing=0.1, scoring="accuracy", **same)


def names_of(model) -> list[str]:
    return [f"{layer.name}/{v.name}" for layer in model.layers for v in layer.variables]


def one_logit(value: np.ndarray, shape: tuple) -> np.ndarray:
    """Return two logits' weights or values as those of their difference, where we have one."""
    if value.shape == shape:
        return value
    return (value[..., 1] - value[..., 0]).reshape(shape)


def relative(given: np.ndarray, expected: np.ndarray, size: float | None = None) -> float:
    size = np.abs(expected).max() if size is None else size
    return float(np.abs(given - expected).max() / max(size, 1e-30))


def main() -> None:
    """Run every case; print the differences, or record what pytabkit did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", metavar="FILE", help="write what pytabkit did to this .npz")
    record = parser.parse_args().record
    kept = {}
    for case in CASES:
        seen = reference(case)
        kept |= {f"{case}|{name}": value for name, value in seen.items()}
        if record is None:
            print(case)
            for what, difference in ours(case, seen).items():
                print(f"  {what:16s} {difference:.1e}")
    if record is not None:
        X, targets = table()
        kept |= {f"table|{name}": X[name].to_numpy(float) for name in X.columns[:5]}
        kept |= {f"table|{name}": X[name].fillna("").to_numpy(str) for name in X.columns[5:]}
        np.savez_compressed(record, **kept)


if __name__ == "__main__":
    main()
