"""The piecewise-linear embedding against its formula."""

import numpy as np

from appliednn.core._architecture import initial_weights
from appliednn.tabular.networks._piecewise_linear import PiecewiseLinearEmbedding, piecewise_edges


def encoded(x, edges):
    """Return the encoding of one number as the paper writes it, bin by bin."""
    edges = np.unique(edges)
    out = np.zeros(max(0, len(edges) - 1))
    for j in range(len(out)):
        share = (x - edges[j]) / (edges[j + 1] - edges[j])
        share = share if j == len(out) - 1 else min(share, 1.0)
        out[j] = share if j == 0 else max(share, 0.0)
    return out


def embedding(Z, n_values, n_bins=4, width=3, seed=0):
    layer = PiecewiseLinearEmbedding(n_values, n_bins, width)
    layer.build((None, Z.shape[-1]))
    rng = np.random.default_rng(seed)
    for weight in (layer.weight, layer.bias, layer.kernel):
        weight.assign(rng.normal(size=weight.shape).astype(np.float32))
    layer.edges.assign(piecewise_edges(Z[:, :n_values], n_bins))
    return layer


def test_an_embedding_is_the_formula_also_outside_the_edges():
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(60, 4)).astype(np.float32)
    Z[:, 1] = rng.integers(0, 2, 60)  # one bin
    Z[:, 2] = 0.5  # no bin
    layer = embedding(Z, n_values=3)
    X = np.concatenate([Z[:10], 5 * Z[10:20]])
    out = np.asarray(layer(X))
    assert out.shape == (20, 3 * 3 + 1)
    weight, bias, kernel, edges = (
        np.asarray(w) for w in (layer.weight, layer.bias, layer.kernel, layer.edges)
    )
    for i, row in enumerate(X):
        for j in range(3):
            e = encoded(float(row[j]), edges[j].astype(float))
            expected = row[j] * weight[j, 0] + bias[j, 0] + e @ kernel[j, : len(e)]
            np.testing.assert_allclose(out[i, 3 * j : 3 * j + 3], expected, rtol=2e-4, atol=2e-5)
    np.testing.assert_array_equal(out[:, -1], X[:, -1])


def test_rows_of_members_are_embedded_like_plain_rows():
    Z = np.random.default_rng(2).normal(size=(30, 3)).astype(np.float32)
    layer = embedding(Z, n_values=2)
    apart = np.asarray(layer(Z.reshape(5, 6, 3)))
    np.testing.assert_allclose(apart.reshape(30, -1), np.asarray(layer(Z)), atol=1e-6)


def test_edges_are_the_distinct_quantiles():
    x = np.arange(101.0)
    edges = piecewise_edges(np.stack([x, x % 2, np.ones(101)], axis=1), n_bins=4)
    np.testing.assert_array_equal(edges[0], [0, 25, 50, 75, 100])
    np.testing.assert_array_equal(edges[1], [0, 1, 1, 1, 1])
    np.testing.assert_array_equal(edges[2], 1)


def test_integer_weights_count_as_repeated_rows():
    rng = np.random.default_rng(3)
    Z, weights = rng.normal(size=(40, 2)), rng.integers(1, 4, 40)
    repeated = piecewise_edges(np.repeat(Z, weights, axis=0), 7)
    np.testing.assert_array_equal(piecewise_edges(Z, 7, weights.astype(float)), repeated)


def test_it_starts_linear():
    layer = PiecewiseLinearEmbedding(2, 5, 4)
    layer.build((None, 2))
    layer.edges.assign(np.sort(np.random.default_rng(0).normal(size=(2, 6)), axis=1))
    Z = np.array([[0.3, -2.0], [1.0, 0.0]], np.float32)
    expected = Z[..., None] * np.asarray(layer.weight)[:, 0] + np.asarray(layer.bias)[:, 0]
    np.testing.assert_allclose(np.asarray(layer(Z)), expected.reshape(2, 8), atol=1e-6)
    assert np.abs(np.asarray(layer.weight)).max() <= 0.5  # 1 / sqrt(4)


def test_a_new_fit_starts_without_the_edges_of_the_last():
    import keras

    inputs = keras.Input((2,))
    model = keras.Model(inputs, PiecewiseLinearEmbedding(2, 3, 4, name="values")(inputs))
    model.get_layer("values").edges.assign(np.ones((2, 4)))
    names = [v.path for v in model.variables]
    fresh = dict(zip(names, initial_weights(model, seed=0), strict=True))
    assert (fresh["values/edges"] == 0).all()


def test_the_layer_survives_a_configuration():
    layer = PiecewiseLinearEmbedding.from_config(
        PiecewiseLinearEmbedding(2, 3, 4, name="values").get_config()
    )
    assert (layer.n_values, layer.n_bins, layer.width, layer.name) == (2, 3, 4, "values")
