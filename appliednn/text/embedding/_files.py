"""Files of word vectors: the text format of word2vec and GloVe, and NumPy's npz."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from appliednn.text.embedding._vectors import WordVectors


def load_vectors(path: str | Path, max_words: int | None = None) -> WordVectors:
    r"""Read word vectors from a file.

    Parameters
    ----------
    path : str or Path
        ``.npz`` with the arrays ``words`` (strings) and ``vectors`` (n, dim); or text, also
        gzipped (``.gz``): a word and its numbers a line, with blanks between, as GloVe writes
        it, or with a first line of both sizes, as word2vec does.
    max_words : int, optional
        Read the first ones only.

    Returns
    -------
    WordVectors
        float32; of a word that comes twice, the first.

    Raises
    ------
    ValueError
        If the file holds something else; with the line.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "glove.txt"
    ...     _ = file.write_text("the 0.5 1\nof 2 -1e-1\n")
    ...     load_vectors(file).vector("of")
    array([ 2. , -0.1], dtype=float32)
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file of word vectors {str(path)!r}")
    pairs = _read_npz(path) if path.suffix == ".npz" else _read_text(path, max_words)
    first: dict[str, int] = {}
    for row, word in enumerate(pairs[0][:max_words]):
        first.setdefault(word, row)
    return WordVectors(list(first), pairs[1][list(first.values())])


def save_vectors(vectors: WordVectors, path: str | Path) -> Path:
    """Write word vectors to a file that :func:`load_vectors` reads.

    Parameters
    ----------
    vectors : WordVectors
        What to write.
    path : str or Path
        ``.npz``, or anything else for word2vec's text format, which cannot hold words with
        blanks in them.

    Returns
    -------
    Path
        ``path``.
    """
    path = Path(path)
    if path.suffix == ".npz":
        np.savez_compressed(path, words=np.array(vectors.words), vectors=vectors.vectors)
        return path
    odd = next((word for word in vectors.words if not word or len(word.split()) != 1), None)
    if odd is not None:
        raise ValueError(f"the text format cannot hold the word {odd!r}; write an .npz file")
    open_ = gzip.open if path.suffix == ".gz" else open
    with open_(path, "wt", encoding="utf-8") as file:
        file.write(f"{len(vectors)} {vectors.dim}\n")
        for word, row in zip(vectors.words, vectors.vectors, strict=True):
            file.write(word + " " + " ".join(f"{x:.7g}" for x in row) + "\n")
    return path


def _read_npz(path: Path) -> tuple[list[str], np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        if not {"words", "vectors"} <= set(file.files):
            raise ValueError(f"{path} holds {file.files}; expected arrays 'words' and 'vectors'")
        words, vectors = file["words"], file["vectors"]
    if words.dtype.kind != "U" or vectors.ndim != 2 or len(words) != len(vectors):
        raise ValueError(
            f"{path} holds words {words.dtype} {words.shape} and vectors {vectors.shape}; "
            "expected strings (n,) and numbers (n, dim)"
        )
    return words.tolist(), vectors.astype(np.float32)


def _read_text(path: Path, max_words: int | None) -> tuple[list[str], np.ndarray]:
    open_ = gzip.open if path.suffix == ".gz" else open
    words: list[str] = []
    rows: list[np.ndarray] = []
    dim = None
    with open_(path, "rt", encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            fields = line.rstrip().split(" ")
            if number == 1 and len(fields) == 2 and all(f.isdigit() for f in fields):
                dim = int(fields[1])
                continue
            if fields == [""]:
                continue
            dim = dim or len(fields) - 1
            words.append(" ".join(fields[:-dim]))
            rows.append(_numbers(fields[-dim:], dim, path, number))
            if len(words) == max_words:
                break
    if not rows:
        raise ValueError(f"{path} holds no word with a vector")
    return words, np.stack(rows)


def _numbers(fields: list[str], dim: int, path: Path, line: int) -> np.ndarray:
    try:
        row = np.array(fields, dtype=np.float32)
    except ValueError as error:
        raise ValueError(
            f"line {line} of {path} does not end in {dim} numbers; expected a word and its "
            "vector, with blanks between"
        ) from error
    if len(row) != dim or dim < 1:
        raise ValueError(
            f"line {line} of {path} has {len(row)} numbers; expected a word and {dim}"
        )
    return row
