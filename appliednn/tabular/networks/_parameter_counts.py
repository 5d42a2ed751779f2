"""How many numbers a network stores, without building it: a file of another size is refused."""

from __future__ import annotations

_DROPOUT_STATE = 2  # counter and seed; the rate is counted beside them


def count_tabm(params: dict) -> int:
    """Return the number of stored numbers of ``build_tabm(**params)``.

    Examples
    --------
    >>> count_tabm({"n_inputs": 3, "n_outputs": 1, "members": 2, "hidden_layer_sizes": [4],
    ...             "dropout": False, "variant": "mini", "n_values": 0, "n_bins": 0,
    ...             "embedding_size": 1, "cardinalities": []})
    32
    """
    k, size = params["members"], params["embedding_size"]
    codes = params["cardinalities"]
    width = params["n_inputs"] + len(codes) * (size - 1)
    total = sum(codes) * size
    if params["n_bins"] and params["n_values"]:
        n, bins = params["n_values"], params["n_bins"]
        width += n * (size - 1)
        total += n * (2 * size + bins * size + bins + 1)
    total += k * width if params["variant"] == "mini" else 0
    for units in params["hidden_layer_sizes"]:
        own = {"tabm": (1, k, k), "mini": (1, 1, 0), "packed": (k, k, 0)}[params["variant"]]
        kernels, biases, factors = own
        total += kernels * width * units + biases * units + factors * (width + units)
        total += _DROPOUT_STATE + 1 if params["dropout"] else 0
        width = units
    return total + k * params["n_outputs"] * (width + 1)


def count_resnet(params: dict) -> int:
    """Return the number of stored numbers of ``build_resnet(**params)``.

    Examples
    --------
    >>> count_resnet({"n_inputs": 3, "n_outputs": 1, "n_blocks": 0, "width": 4, "members": 0,
    ...               "hidden_width": 8, "dropout": True, "cardinalities": []})
    37
    """
    k, width, hidden = params["members"], params["width"], params["hidden_width"]
    codes, blocks = params["cardinalities"], params["n_blocks"]
    size = params["embedding_size"] if codes else 0
    n_inputs = params["n_inputs"] + len(codes) * (size - 1)
    total = sum(codes) * size + (n_inputs + 1) * width
    total += blocks * (4 * width + (width + 1) * hidden + (hidden + 1) * width)
    total += 4 * width + (width + 1) * params["n_outputs"]
    dropouts = 2 * blocks if params["dropout"] else 0
    return max(1, k) * total + dropouts * (_DROPOUT_STATE + max(1, k))


def count_ft_transformer(params: dict) -> int:
    """Return the number of stored numbers of ``build_ft_transformer(**params)``."""
    width, hidden, codes = params["width"], params["hidden_width"], params["cardinalities"]
    n = params["n_inputs"]
    total = (1 + n - len(codes) + n + sum(codes)) * width
    each = 4 * (width + 1) * width + 2 * width
    each += (width + 1) * 2 * hidden + (hidden + 1) * width
    dropouts = 2 * params["dropout"] + 2 * params["residual_dropout"]
    each += dropouts * (_DROPOUT_STATE + 1)
    blocks = params["n_blocks"]
    return (
        total
        + blocks * each
        + (blocks - 1) * 2 * width
        + 2 * width
        + (width + 1) * params["n_outputs"]
    )
