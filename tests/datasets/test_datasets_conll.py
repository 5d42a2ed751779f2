"""Tagged sentences in the form of the CoNLL shared tasks."""

import gzip

import pytest

from appliednn.core.errors import UsageError
from appliednn.datasets import read
from appliednn.pipeline._files import read_file

FILE = """-DOCSTART- -X- O O

EU NNP I-NP B-ORG
rejects VBZ I-VP O

Peter NNP I-NP B-PER

-DOCSTART- -X- O O

NA NNP I-NP B-LOC
"""


def write(folder, text, name="a.conll"):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.conll", "a.conll.gz"])
def test_sentences_and_documents_are_counted_and_no_token_is_missing(tmp_path, name):
    write(tmp_path, FILE, name)
    frame = read({"type": "conll", "path": name}, tmp_path)
    assert frame["token"].tolist() == ["EU", "rejects", "Peter", "NA"]
    assert frame["tag"].tolist() == ["B-ORG", "O", "B-PER", "B-LOC"]
    assert frame["sentence"].tolist() == [1, 1, 2, 3]
    assert frame["document"].tolist() == [1, 1, 1, 2]
    assert read_file(tmp_path / name).equals(frame)


def test_tabs_keep_tokens_with_blanks_and_comments_are_skipped(tmp_path):
    write(tmp_path, "# id of a sentence\nNew York\tB-LOC\n#\tO\n\nis\tO\n")
    frame = read({"type": "conll", "path": "a.conll"}, tmp_path)
    assert frame["token"].tolist() == ["New York", "#", "is"]


def test_a_file_of_tokens_alone_has_no_tags(tmp_path):
    write(tmp_path, "EU\nrejects\n\nPeter\n")
    frame = read({"type": "conll", "path": "a.conll"}, tmp_path)
    assert list(frame.columns) == ["document", "sentence", "token"]


def test_lines_that_lack_a_tag_are_named(tmp_path):
    write(tmp_path, "EU B-ORG\nrejects\n")
    with pytest.raises(UsageError, match="line 2: 'rejects' has no tag"):
        read({"type": "conll", "path": "a.conll"}, tmp_path)
    (tmp_path / "b.conll").write_bytes(b"EU \xff\xfe O\n")
    with pytest.raises(UsageError, match="cannot be read"):
        read({"type": "conll", "path": "b.conll"}, tmp_path)
