"""Write a BERT-style folder, in the layout of sentence-transformers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from appliednn.core.persistence._arrays import dump_arrays
from appliednn.core.persistence._atomic import replace_file

_POOLING = {"cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens"}
_MODULES = "sentence_transformers.models"


def write_folder(folder: Path, bert, config: str, tensors: Mapping[str, np.ndarray]) -> Path:
    """Write an encoder's files and return the folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    bert : Bert
        The encoder.
    config : str
        ``config.json``.
    tensors : mapping of str to ndarray
        Arrays by their names in the folder.
    """
    tokenizer, kind = bert.tokenizer, bert.params["pooling"]
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{_MODULES}.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{_MODULES}.Pooling"},
    ]
    if bert.normalize:
        more = {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{_MODULES}.Normalize"}
        modules.append(more)
    pooling = {f"pooling_mode_{name}": own == kind for own, name in _POOLING.items()}
    settings = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": tokenizer.lower,
        "strip_accents": tokenizer.strip_accents,
        "tokenize_chinese_chars": tokenizer.space_cjk,
        "model_max_length": bert.max_length,
    }
    texts = {
        "config.json": config,
        "vocab.txt": "".join(f"{piece}\n" for piece in tokenizer.vocabulary),
        "tokenizer_config.json": json.dumps(settings, indent=2),
        "modules.json": json.dumps(modules, indent=2),
        "sentence_bert_config.json": json.dumps({"max_seq_length": bert.max_length}),
        "1_Pooling/config.json": json.dumps({"word_embedding_dimension": bert.width, **pooling}),
    }
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        replace_file(folder / name, [text.encode()])
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    replace_file(folder / "model.safetensors", [dump_arrays(arrays)])
    return folder
