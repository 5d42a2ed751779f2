"""The sets of ``text_tagging.py``: sentences with the tags of named entities, IOB2.

They lie in ``<root>/ner/<name>_<part>.conll.gz``; the environment variable
``APPLIEDNN_BENCH_DATA`` names the root (default: ``../shared/data`` beside the repository).
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from _options import chosen
from _tabular_sets import data_root

Sentences = tuple[list[list[str]], list[list[str]]]


@dataclass(frozen=True)
class TaggedSet:
    """Which parts train and test, which columns hold token and tag, what precedes each token."""

    source: str
    train: str = "train"
    test: str = "test"
    token: int = 0
    tag: int = 1
    prefix: str = ""


SETS = {
    "wnut17": TaggedSet("WNUT 2017 emerging entities, 6 types; 3 394 / 1 287 sentences"),
    "wikiann_en": TaggedSet(
        "WikiANN English, 3 types, silver tags; 20 000 / 10 000 sentences", prefix="en:"
    ),
    "germeval2014": TaggedSet(
        "GermEval 2014 German, outer tags, 12 types; trained on the development part, 2 199 / "
        "5 099 sentences",
        train="dev",
        token=1,
        tag=2,
    ),
}


def chosen_sets(words: list[str]) -> list[str]:
    """Return names of sets for names and "all"."""
    return chosen("--sets", words, {"all": list(SETS)})


def load(name: str, rows: int) -> tuple[Sentences, Sentences]:
    """Return the first ``rows`` training sentences with their tags, and all test sentences."""
    tokens, tags = read_part(name, SETS[name].train)
    return (tokens[:rows], tags[:rows]), read_part(name, SETS[name].test)


def read_part(name: str, part: str) -> Sentences:
    """Return the sentences of one part and their tags."""
    what, path = SETS[name], data_root() / "ner" / f"{name}_{part}.conll.gz"
    if not path.exists():
        raise SystemExit(
            f"{path} is not there; set APPLIEDNN_BENCH_DATA to the folder that holds "
            f"ner/{path.name} (source: {what.source})"
        )
    sentences, tags = [[]], [[]]
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            fields = line.rstrip("\n").split("\t")
            if not line.strip("\ufeff \t\n"):
                sentences.append([])
                tags.append([])
            elif not (what.token and fields[0] == "#"):  # where an article is from
                sentences[-1].append(fields[what.token].removeprefix(what.prefix))
                tags[-1].append(fields[what.tag].strip())
    full = [i for i, sentence in enumerate(sentences) if sentence]
    return [sentences[i] for i in full], [tags[i] for i in full]
