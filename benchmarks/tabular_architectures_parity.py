"""Our TabM, ResNet and FT-Transformer beside the authors' PyTorch code, from the same weights.

    python benchmarks/tabular_architectures_parity.py [--record FILE]

Needs ``pip install torch tabm==0.0.3 rtdl_num_embeddings==0.0.12 rtdl_revisiting_models==0.0.2``.
For each case a small network of the reference package is drawn, its weights are laid out as ours
are, and both forward passes run on the same rows; the largest difference is printed relative to
the largest output. ``--record`` keeps inputs, weights and the reference's outputs, from which
tests/tabular/test_architectures_parity.py repeats the comparison without PyTorch.
"""

from __future__ import annotations

import argparse
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import torch  # noqa: E402

from appliednn.core._architecture import Architecture  # noqa: E402

N_NUMBERS, CARDINALITIES, K, BINS, WIDTH = 4, [3, 2], 3, 5, 6


def rows(n: int = 24, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return numbers, the second of few distinct values, and category codes."""
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.randn(n, N_NUMBERS, generator=generator)
    numbers[:, 1] = torch.round(numbers[:, 1])
    codes = [torch.randint(0, c, (n,), generator=generator) for c in CARDINALITIES]
    return numbers, torch.stack(codes, dim=1)


def array(tensor) -> np.ndarray:
    return tensor.detach().numpy().astype(np.float32)


def shake(model: torch.nn.Module, seed: int = 1) -> None:
    """Move every weight, so that those that start at zero or one count, too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)


def embedding_weights(module) -> dict[str, np.ndarray]:
    """Lay the piecewise-linear embedding out with the bins in order, unused ones last."""
    bins = [edges.numpy() for edges in module.edges_of_features]
    kernel = array(module.linear.weight)
    out = np.zeros((len(bins), BINS, kernel.shape[2]), dtype=np.float32)
    edges = np.zeros((len(bins), BINS + 1), dtype=np.float32)
    for j, e in enumerate(bins):
        n = len(e) - 1
        out[j, : n - 1] = kernel[j, : n - 1]
        out[j, n - 1] = kernel[j, -1]
        edges[j] = np.concatenate([e, np.repeat(e[-1], BINS + 1 - len(e))])
    return {
        "values/weight": array(module.linear0.weight)[:, None],
        "values/bias": array(module.linear0.bias)[:, None],
        "values/kernel": out,
        "values/edges": edges,
    }


def tabm_case(variant: str, embedded: bool):
    """Return architecture, weights, inputs and the reference's outputs."""
    import rtdl_num_embeddings
    import tabm

    numbers, codes = rows()
    embedding = None
    if embedded:
        bins = rtdl_num_embeddings.compute_bins(numbers, n_bins=BINS)
        embedding = rtdl_num_embeddings.PiecewiseLinearEmbeddings(
            bins, WIDTH, activation=False, version="B"
        )
        embedding.edges_of_features = bins
    kinds = {"tabm": "tabm", "mini": "tabm-mini", "packed": "tabm-packed"}
    model = tabm.TabM.make(
        n_num_features=N_NUMBERS, cat_cardinalities=CARDINALITIES, d_out=2,
        num_embeddings=embedding, n_blocks=2, d_block=8, k=K, arch_type=kinds[variant],
    ).eval()  # fmt: skip
    shake(model)
    weights = {} if embedding is None else embedding_weights(model.num_module)
    for i, block in enumerate(model.backbone.blocks):
        weights |= _tabm_dense(block[0], f"dense_{i}", variant)
    if variant == "mini":
        weights["adapter/r"] = array(model.backbone.affine.weight)[:, None]
    weights["output/kernel"] = array(model.output.weight)
    weights["output/bias"] = array(model.output.bias)[:, None]
    onehot = [torch.nn.functional.one_hot(codes[:, j], c) for j, c in enumerate(CARDINALITIES)]
    x = array(torch.cat([numbers, *onehot], dim=1))
    architecture = Architecture.of(
        "tabm", n_inputs=x.shape[1], n_outputs=2, members=K,
        hidden_layer_sizes=[8, 8], variant=variant, n_values=N_NUMBERS,
        n_bins=BINS if embedded else 0, embedding_size=WIDTH,
    )  # fmt: skip
    return architecture, weights, x, array(model(numbers, codes))


def _tabm_dense(layer, name: str, variant: str) -> dict[str, np.ndarray]:
    weight, bias = array(layer.weight), array(layer.bias)
    if variant == "packed":
        return {f"{name}/kernel": weight, f"{name}/bias": bias[:, None]}
    if variant == "mini":
        return {f"{name}/kernel": weight.T, f"{name}/bias": bias}
    return {
        f"{name}/kernel": weight.T,
        f"{name}/bias": bias[:, None],
        f"{name}/r": array(layer.r)[:, None],
        f"{name}/s": array(layer.s)[:, None],
    }


def linear(layer, name: str) -> dict[str, np.ndarray]:
    return {f"{name}/kernel": array(layer.weight).T, f"{name}/bias": array(layer.bias)}


def resnet_case(training: bool):
    """As above; in training mode with batch statistics, whose averages are compared, too."""
    from rtdl_revisiting_models import ResNet

    numbers, _ = rows()
    model = ResNet(
        d_in=N_NUMBERS, d_out=2, n_blocks=2, d_block=8, d_hidden_multiplier=2.0,
        dropout1=0.0, dropout2=0.0,
    )  # fmt: skip
    shake(model)
    model.train()
    model(3.0 * numbers + 1.0)  # the averages leave their start
    if not training:
        model.eval()
    weights = linear(model.input_projection, "input")
    for i, block in enumerate(model.blocks):
        weights |= _batch_norm(block.normalization, f"normalization_{i}")
        weights |= linear(block.linear1, f"dense_{i}_0") | linear(block.linear2, f"dense_{i}_1")
    weights |= _batch_norm(model.output.normalization, "normalization")
    weights |= linear(model.output.linear, "output")
    architecture = Architecture.of(
        "resnet", n_inputs=N_NUMBERS, n_outputs=2, n_blocks=2, width=8, hidden_width=16
    )
    out = array(model(numbers))
    after = _batch_norm(model.output.normalization, "after")
    return architecture, weights, array(numbers), out, after


def _batch_norm(layer, name: str) -> dict[str, np.ndarray]:
    names = {"gamma": "weight", "beta": "bias"}
    names |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
    return {f"{name}/{ours}": array(getattr(layer, theirs)) for ours, theirs in names.items()}


def ft_transformer_case():
    """As above, for the FT-Transformer with its dropouts off."""
    from rtdl_revisiting_models import FTTransformer

    numbers, codes = rows()
    model = FTTransformer(
        n_cont_features=N_NUMBERS, cat_cardinalities=CARDINALITIES, d_out=2, n_blocks=3,
        d_block=8, attention_n_heads=2, attention_dropout=0.2, ffn_d_hidden=None,
        ffn_d_hidden_multiplier=4 / 3, ffn_dropout=0.1, residual_dropout=0.0,
    ).eval()  # fmt: skip
    shake(model)
    table = torch.cat([e.weight for e in model.cat_embeddings.embeddings])
    weights = {
        "tokens/first": array(model.cls_embedding.weight)[None],
        "tokens/weight": array(model.cont_embeddings.weight),
        "tokens/bias": array(torch.cat([model.cont_embeddings.bias, model.cat_embeddings.bias])),
        "tokens/table": array(table),
    }
    for i, block in enumerate(model.backbone.blocks):
        weights |= _attention(block["attention"], f"attention_{i}")
        if i:
            weights |= _layer_norm(
                block["attention_normalization"], f"normalization_{i}_attention"
            )
        weights |= _layer_norm(block["ffn_normalization"], f"normalization_{i}")
        weights |= linear(block["ffn"].linear1, f"dense_{i}_0")
        weights |= linear(block["ffn"].linear2, f"dense_{i}_1")
    weights |= _layer_norm(model.backbone.output.normalization, "normalization")
    weights |= linear(model.backbone.output.linear, "output")
    x = array(torch.cat([numbers, codes], dim=1))
    architecture = Architecture.of(
        "ft_transformer", n_inputs=x.shape[1], n_outputs=2, n_blocks=3, width=8, heads=2,
        hidden_width=int(8 * 4 / 3), cardinalities=CARDINALITIES,
    )  # fmt: skip
    return architecture, weights, x, array(model(numbers, codes))


def _attention(layer, name: str) -> dict[str, np.ndarray]:
    asked = (layer.W_q, layer.W_k, layer.W_v)
    return {
        f"{name}/kernel": np.concatenate([array(w.weight).T for w in asked], axis=1),
        f"{name}/bias": np.concatenate([array(w.bias) for w in asked]),
        f"{name}/output_kernel": array(layer.W_out.weight).T,
        f"{name}/output_bias": array(layer.W_out.bias),
    }


def _layer_norm(layer, name: str) -> dict[str, np.ndarray]:
    return {f"{name}/gamma": array(layer.weight), f"{name}/beta": array(layer.bias)}


CASES = {
    **{
        f"tabm {variant}{' embedded' * embedded}": (tabm_case, variant, embedded)
        for variant in ("tabm", "mini", "packed")
        for embedded in (False, True)
    },
    "resnet": (resnet_case, False),
    "resnet training": (resnet_case, True),
    "ft_transformer": (ft_transformer_case,),
}


def ours(architecture: Architecture, weights: dict, x: np.ndarray, training: bool = False):
    """Return our model with these weights and its outputs; every weight must be given."""
    model = architecture.build()
    if architecture.name == "tabm":  # each member gets the same rows
        x = np.repeat(x[:, None], K, axis=1)
    unset = {"counter", "seed", "rate"}
    for layer in model.layers:
        for variable in layer.variables:
            if variable.name not in unset:
                variable.assign(weights[f"{layer.name}/{variable.name}"])
    return model, np.asarray(model(x, training=training))


def main() -> None:
    """Run every case; print the differences, or record them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", metavar="FILE", help="write the cases to this .npz")
    record = parser.parse_args().record
    kept = {}
    for name, (make, *arguments) in CASES.items():
        torch.manual_seed(0)
        architecture, weights, x, out, *after = make(*arguments)
        training = name.endswith("training")
        model, given = ours(architecture, weights, x, training)
        error = np.abs(given - out).max() / np.abs(out).max()
        print(f"{name:22s} largest relative difference {error:.1e}")
        kept[f"{name}|architecture"] = json.dumps([architecture.name, architecture.params])
        kept |= {f"{name}|weight|{key}": value for key, value in weights.items()}
        kept |= {f"{name}|x": x, f"{name}|out": out}
        if training:
            kept |= {f"{name}|{key}": value for key, value in after[0].items()}
            for key, value in after[0].items():
                own = getattr(model.get_layer("normalization"), key.split("/")[1])
                print(f"  {key:20s} {np.abs(np.asarray(own) - value).max():.1e}")
    if record:
        np.savez_compressed(record, **kept)


if __name__ == "__main__":
    main()
