"""A BERT network with its vocabulary: read from a folder, used, and written again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._buckets import length_buckets, pad
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core.errors import IntegrityError, UsageError
from appliednn.text.encoder._folder import (
    read_json,
    read_pooling,
    read_tensors,
    read_vocabulary,
)
from appliednn.text.encoder._names import folder_weights, named_weights, tensors_of
from appliednn.text.encoder._wordpiece import WordPiece
from appliednn.text.encoder._write_folder import write_folder

# Name in config.json to the builder's argument, with the largest that is taken.
_SIZES = {
    "vocab_size": ("vocabulary", 2_000_000),
    "hidden_size": ("width", 16_384),
    "num_hidden_layers": ("layers", 200),
    "num_attention_heads": ("heads", 1_024),
    "intermediate_size": ("inner", 131_072),
    "max_position_embeddings": ("positions", 131_072),
    "type_vocab_size": ("types", 1_000),
}
_MOST_TOKENS = 8_192


class Bert:
    """An encoder of texts as numbers and a vocabulary; never changed once made.

    Parameters
    ----------
    tokenizer : WordPiece
        From a text to numbers.
    network : SequenceNetwork
        From numbers to vectors; the architecture ``"bert"``.
    max_length : int
        Most pieces of a text that are read.
    normalize : bool
        Whether its vectors are meant to be brought to length 1.
    half : bool
        Whether model files hold the weights in half precision, to which :meth:`halved` rounds
        them.

    Raises
    ------
    UsageError
        If the vocabulary and the network's table of pieces differ in size.
    """

    def __init__(
        self,
        tokenizer: WordPiece,
        network: SequenceNetwork,
        max_length: int,
        normalize: bool = True,
        half: bool = False,
    ) -> None:
        self.tokenizer = tokenizer
        self.network = network
        self.max_length = int(max_length)
        self.normalize = bool(normalize)
        self.half = bool(half)
        size = network.architecture.params["vocabulary"]
        if len(tokenizer) > size:
            raise UsageError(
                f"the vocabulary has {len(tokenizer)} pieces and the network knows {size}; "
                "expected files that belong together"
            )

    def __deepcopy__(self, memo) -> Bert:
        return self

    def __repr__(self) -> str:
        p = self.params
        return f"Bert({p['layers']} layers of {p['width']}, {len(self.tokenizer)} pieces)"

    def __ann_state__(self):
        """Return the state for a model file."""
        from appliednn.core.persistence import AnnState

        names = ("max_length", "normalize", "half")
        params = {name: getattr(self, name) for name in names}
        children = {"tokenizer": self.tokenizer}
        if not self.half:
            return AnnState(params=params, children={**children, "network": self.network})
        weights = enumerate(self.network.weights)
        arrays = {f"weight_{i:04d}": w.astype(np.float16) if w.ndim else w for i, w in weights}
        params["architecture"] = self.network.architecture
        return AnnState(params=params, arrays=arrays, children=children)

    @classmethod
    def __ann_restore__(cls, state) -> Bert:
        """Return the encoder of a model file."""
        from appliednn.core.persistence import AnnState

        params, children = dict(state.params), dict(state.children)
        if state.arrays:
            arrays = {n: w.astype(np.float32) if w.ndim else w for n, w in state.arrays.items()}
            own = AnnState(params={"architecture": params.pop("architecture")}, arrays=arrays)
            children["network"] = SequenceNetwork.__ann_restore__(own)
        if children["network"].architecture.name != "bert":
            raise IntegrityError("the file holds another network where a BERT belongs")
        return cls(**children, **params)

    @property
    def params(self) -> dict[str, Any]:
        """The sizes of the network, by the names of ``build_bert``."""
        return self.network.architecture.params

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return self.params["width"]

    @classmethod
    def read(cls, folder: str | Path) -> Bert:
        """Return the encoder in a BERT-style folder.

        Parameters
        ----------
        folder : str or Path
            Holds ``config.json``, ``model.safetensors`` and ``vocab.txt`` or ``tokenizer.json``;
            ``1_Pooling/config.json``, ``modules.json`` and ``sentence_bert_config.json`` of
            sentence-transformers are heeded.

        Returns
        -------
        Bert

        Raises
        ------
        UsageError
            If a file is missing or describes another kind of network.
        IntegrityError
            If a file is damaged, or its arrays are not those that ``config.json`` describes.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise UsageError(
                f"{folder} is no folder; expected one with config.json, model.safetensors and "
                "vocab.txt"
            )
        sizes = _sizes(folder / "config.json")
        pieces, settings = read_vocabulary(folder)
        pooled = read_pooling(folder)
        architecture = Architecture.of(
            "bert", **sizes, pooling=pooled.get("pooling", "mean"), dropout=0.0
        )
        tensors = read_tensors(folder / "model.safetensors")
        weights = folder_weights(tensors, sizes, folder / "model.safetensors")
        network = SequenceNetwork(architecture, from_named(architecture, weights))
        longest = min(pooled.get("max_length", sizes["positions"]), sizes["positions"])
        return cls(WordPiece(pieces, **settings), network, longest, pooled.get("normalize", True))

    def write(self, folder: str | Path) -> Path:
        """Write the encoder as a folder that :meth:`read`, transformers and others read.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there; files of the same names are replaced.

        Returns
        -------
        Path
            ``folder``.
        """
        tensors = tensors_of(self.named_weights(), self.params["layers"])
        return write_folder(Path(folder), self, _config_of(self), tensors)

    def named_weights(self) -> dict[str, np.ndarray]:
        """Return the weights by the names of the model's variables."""
        return named_weights(self.network.architecture, self.network.weights)

    def pooled_by(self, pooling: str) -> Bert:
        """Return this encoder with another way to make one vector of a text's pieces."""
        architecture = self.network.architecture.changed(pooling=pooling)
        network = SequenceNetwork(architecture, self.network.weights)
        return Bert(self.tokenizer, network, self.max_length, self.normalize, self.half)

    def halved(self) -> Bert:
        """Return this encoder with weights rounded to half precision; it computes in single."""
        weights = [
            w.astype(np.float16).astype(w.dtype) if w.ndim else w for w in self.network.weights
        ]
        network = SequenceNetwork(self.network.architecture, weights)
        return Bert(self.tokenizer, network, self.max_length, self.normalize, half=True)

    # -- use ------------------------------------------------------------------------------------

    def ids(self, texts: Sequence[str], max_length: int | None = None) -> list[list[int]]:
        """Return the numbers of each text's pieces, ``[CLS]`` and ``[SEP]`` among them."""
        return self.tokenizer.batch(texts, min(max_length or self.max_length, self.max_length))

    def embed(
        self, texts: Sequence[str], batch_size: int = 64, max_length: int | None = None
    ) -> np.ndarray:
        """Return a vector of each text as the network gives it.

        Parameters
        ----------
        texts : sequence of str
            Texts; of a long one the first ``max_length`` pieces are read.
        batch_size : int
            Most texts of one call of the network; those of a call are of like length.
        max_length : int, optional
            Less than the encoder's own.

        Returns
        -------
        ndarray of float32, shape (n, width)
        """
        ids = self.ids(texts, max_length)
        out = np.empty((len(ids), self.width), dtype=np.float32)
        for rows in length_buckets([len(i) for i in ids], batch_size, max_tokens=_MOST_TOKENS):
            out[rows] = self.network.call("embed", padded([ids[i] for i in rows]))
        return out


def padded(ids: Sequence[Sequence[int]], value: int = 0) -> dict[str, np.ndarray]:
    """Return pieces of texts as the network reads them: ``ids`` (n, t) and ``lengths`` (n,)."""
    lengths = np.array([len(row) for row in ids], dtype=np.int32)
    return {"ids": pad(ids, value=value, dtype=np.int32), "lengths": lengths}


def from_named(
    architecture: Architecture, weights: dict[str, np.ndarray], seed: int = 0
) -> list[np.ndarray]:
    """Return weights in the model's order; those that have no name here are drawn from the seed.

    Raises
    ------
    ValueError
        If a weight has another shape than the model's.
    """
    functions = backend.sequence_functions(architecture)
    tables = [v.path for v in functions.model.variables if len(v.shape)]
    if architecture.params.get("dropout") or set(tables) - set(weights):
        out = functions.initial_weights(seed)
    else:  # nothing is left to chance
        out = [np.array(v) for v in functions.model.variables]
    for i, variable in enumerate(functions.model.variables):
        value = weights.get(variable.path)
        if value is None:
            continue
        if value.shape != tuple(variable.shape):
            raise ValueError(
                f"{variable.path} has the shape {value.shape}; expected {tuple(variable.shape)}"
            )
        out[i] = value.astype(np.float32)
    return out


def _sizes(path: Path) -> dict[str, Any]:
    """Return the builder's arguments as ``config.json`` gives them."""
    from appliednn.text.encoder._architecture import ACTIVATIONS

    config = read_json(path)
    kind = config.get("model_type", "bert")
    if kind != "bert" or config.get("is_decoder") or config.get("is_encoder_decoder"):
        raise UsageError(f"{path} describes a {kind!r} network; expected an encoder of type bert")
    places = config.get("position_embedding_type", "absolute")
    if places != "absolute":
        raise UsageError(f"{path} has {places!r} positions; expected absolute ones")
    out: dict[str, Any] = {}
    for name, (own, most) in _SIZES.items():
        value = config.get(name, 2 if own == "types" else None)
        if type(value) is not int or not 1 <= value <= most:
            raise IntegrityError(f"{path} has {name}={value!r}; expected 1 to {most}")
        out[own] = value
    if out["width"] % out["heads"]:
        raise IntegrityError(
            f"{path} parts a width of {out['width']} among {out['heads']} heads; it does not go"
        )
    out["epsilon"] = config.get("layer_norm_eps", 1e-12)
    if type(out["epsilon"]) not in (int, float) or not 0 < out["epsilon"] < 1:
        raise IntegrityError(f"{path} has layer_norm_eps={out['epsilon']!r}; expected 0 to 1")
    out["activation"] = config.get("hidden_act", "gelu")
    if out["activation"] not in ACTIVATIONS:
        raise UsageError(
            f"{path} has hidden_act={out['activation']!r}; expected one of {ACTIVATIONS}"
        )
    return out


def _config_of(bert: Bert) -> str:
    """Return ``config.json`` of an encoder."""
    sizes = {name: bert.params[own] for name, (own, _) in _SIZES.items()}
    more = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": bert.params["activation"],
        "layer_norm_eps": bert.params["epsilon"],
        "pad_token_id": bert.tokenizer.pad,
        "position_embedding_type": "absolute",
    }
    return json.dumps({**more, **sizes}, indent=2)
