"""The FT-Transformer as a Keras model."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from appliednn.core._layers import HashDropout
from appliednn.tabular.networks._ft_transformer_layers import (
    FeatureTokens,
    FirstToken,
    ReGLU,
    TokenAttention,
)
from appliednn.tabular.networks._tabm_layers import SharedDense

_EPSILON = 1e-5  # of the layer normalisations, as in the original


def build_ft_transformer(
    n_inputs: int,
    n_outputs: int,
    n_blocks: int = 3,
    width: int = 192,
    heads: int = 8,
    hidden_width: int = 256,
    dropout: bool = True,
    residual_dropout: bool = False,
    cardinalities: Sequence[int] = (),
) -> keras.Model:
    """Return the network: each feature a token, transformer blocks, the row token's head.

    Blocks normalise first, except before the first attention; in the last block only the row's
    token asks. Source: Y. Gorishniy et al., Revisiting Deep Learning Models for Tabular Data,
    NeurIPS 2021, section 3.3.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Widths. The last ``len(cardinalities)`` inputs are category codes, each other is a number.
    n_blocks : int
        Number of transformer blocks.
    width : int
        Length of a token; a multiple of ``heads``.
    heads : int
        Attention heads.
    hidden_width : int
        Gated units of the feed-forward parts.
    dropout : bool
        Whether attention weights (rate ``dropout_attention`` of the fit) and feed-forward units
        (``dropout``) are dropped.
    residual_dropout : bool
        Whether residual branches are dropped, too (``dropout_residual``).
    cardinalities : sequence of int
        Number of codes of each category.
    """
    inputs = keras.Input((n_inputs,))
    x = FeatureTokens(width, cardinalities, name="tokens")(inputs)
    for i in range(n_blocks):
        last = i == n_blocks - 1
        z = x if i == 0 else _normalize(f"normalization_{i}_attention")(x)
        z = TokenAttention(heads, last, dropout, name=f"attention_{i}")(z)
        x = FirstToken(name="row")(x) if last else x
        x = _add(x, z, residual_dropout, f"{i}_attention")
        z = _normalize(f"normalization_{i}")(x)
        z = SharedDense(2 * hidden_width, name=f"dense_{i}_0")(z)
        z = ReGLU(name=f"activation_{i}")(z)
        z = HashDropout(name=f"dropout_{i}")(z) if dropout else z
        z = SharedDense(width, name=f"dense_{i}_1")(z)
        x = _add(x, z, residual_dropout, str(i))
    x = FirstToken(flat=True, name="flat")(x)
    x = keras.layers.Activation("relu", name="activation")(_normalize("normalization")(x))
    return keras.Model(inputs, SharedDense(n_outputs, dtype=_output_dtype(), name="output")(x))


def _normalize(name: str) -> keras.layers.Layer:
    return keras.layers.LayerNormalization(epsilon=_EPSILON, name=name)


def _add(x, z, dropout: bool, name: str):
    """Return ``x`` plus the branch ``z``, which may be dropped."""
    if dropout:
        z = HashDropout(group="_residual", name=f"dropout_{name}_residual")(z)
    return keras.layers.Add(name=f"residual_{name}")([x, z])


def _output_dtype() -> str:
    """Raw outputs are never of half precision."""
    return "float64" if keras.config.dtype_policy().name == "float64" else "float32"
