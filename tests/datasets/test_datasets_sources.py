import os
import sqlite3

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from appliednn.core.errors import MissingExtraError, UsageError
from appliednn.datasets import load, read

ROWS = pd.DataFrame(
    {
        "n": [1, 2, 3],
        "x": [0.5, None, 1.5],
        "c": ["a", "b", None],
        "t": pd.to_datetime(["2020-01-01", "2021-06-01", None]),
    }
)


def refused(source, folder, match):
    with pytest.raises(UsageError, match=match) as caught:
        read(source, folder)
    return str(caught.value)


def test_dataset_is_read_by_name(tmp_path):
    pd.testing.assert_frame_equal(read({"type": "dataset", "name": "iris"}), load("iris").frame)
    refused({"type": "dataset", "name": "irsi"}, tmp_path, "did you mean 'iris'")


def test_csv_equals_pandas(tmp_path):
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    found = read({"type": "csv", "path": "rows.csv"}, tmp_path)
    pd.testing.assert_frame_equal(found, pd.read_csv(tmp_path / "rows.csv"))


def test_csv_options(tmp_path):
    (tmp_path / "rows.csv").write_bytes("größe;art\n1,5;None\n?;Öl\n".encode("latin-1"))
    source = {
        "type": "csv", "path": "rows.csv", "separator": ";", "encoding": "latin-1",
        "decimal": ",", "na_values": ["?"],
    }  # fmt: skip
    found = read(source, str(tmp_path))
    assert found["größe"].tolist()[0] == 1.5 and found["größe"].isna().tolist() == [False, True]
    assert found["art"].tolist() == ["None", "Öl"]


def test_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    (tmp_path / "rows.csv").write_bytes(b"\xef\xbb\xbfa,b\n1,2\n")
    assert read({"type": "csv", "path": "rows.csv"}, tmp_path).columns.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "options", "match"),
    [
        (b"", {}, "is empty"),
        (b"\n\n", {}, "blank lines only"),
        (b"a,b\n", {}, "no rows"),
        (b"a;b\n1;2\n", {}, "set separator: ';'"),
        (b"a,b,a\n1,2,3\n", {}, "'a' occurs more than once"),
        (b"a,b\n1,2\n3,4,5\n", {}, "as many fields as the header"),
        (b"a,b\n1,2,3\n3,4,5\n", {}, "as many fields as the header"),
        (b"name,b\n\xe4,2\n", {}, "not text in utf-8"),
        (b"a,b\n1,2\n", {"encoding": "utf-99"}, "'utf-99' is not known"),
        (b"PAR1\0\0\0,\0", {}, "no CSV file; set the source to type: parquet"),
        (b"a\0b\0,\0", {}, "not a text file"),
        (b"a,b\n1,2\n", {"separator": "||"}, "one character each"),
        (b"a,b\n1,2\n", {"seperator": ";"}, "did you mean 'separator'"),
    ],
)
def test_bad_csv_gets_a_sentence(tmp_path, content, options, match):
    (tmp_path / "rows.csv").write_bytes(content)
    refused({"type": "csv", "path": "rows.csv", **options}, tmp_path, match)


def test_missing_file_suggests_its_neighbour(tmp_path):
    (tmp_path / "loans.csv").write_text("a,b\n1,2\n")
    refused({"type": "csv", "path": "loan.csv"}, tmp_path, r"did you mean 'loans.csv'\?")
    refused({"type": "csv", "path": "no/loan.csv"}, tmp_path, "does not exist either")
    refused({"type": "parquet", "path": "."}, tmp_path, "is a folder")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs file permissions")
def test_unreadable_file(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n1,2\n")
    file.chmod(0)
    refused({"type": "csv", "path": "rows.csv"}, tmp_path, "cannot be read: Permission denied")


def test_parquet_keeps_types_and_a_named_index(tmp_path):
    frame = ROWS.assign(k=pd.Categorical(["u", "v", "u"]))
    frame.to_parquet(tmp_path / "rows.parquet")
    found = read({"type": "parquet", "path": "rows.parquet"}, tmp_path)
    pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "rows.parquet"))
    frame.set_index("n").to_parquet(tmp_path / "rows.parquet")
    found = read({"type": "parquet", "path": "rows.parquet"}, tmp_path)
    assert found.columns.tolist() == ["n", "x", "c", "t", "k"]


def test_damaged_parquet_gets_a_sentence(tmp_path):
    file = tmp_path / "rows.parquet"
    ROWS.to_parquet(file)
    whole = file.read_bytes()
    for content in (whole[:-40], b"not parquet at all", whole[:200] + whole[300:]):
        file.write_bytes(content)
        refused({"type": "parquet", "path": "rows.parquet"}, tmp_path, "as a Parquet file")
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    parquet.write_table(table, file)
    refused({"type": "parquet", "path": "rows.parquet"}, tmp_path, "'a' occurs more than once")


def test_arrow_file_and_stream(tmp_path):
    table = pa.Table.from_pandas(ROWS, preserve_index=False)
    feather.write_feather(table, str(tmp_path / "file.arrow"))
    with ipc.new_stream(str(tmp_path / "stream.arrow"), table.schema) as writer:
        writer.write_table(table)
    for name in ("file.arrow", "stream.arrow"):
        found = read({"type": "arrow", "path": name}, tmp_path)
        pd.testing.assert_frame_equal(found, table.to_pandas())
    (tmp_path / "file.arrow").write_bytes(b"a,b\n1,2\n")
    refused({"type": "arrow", "path": "file.arrow"}, tmp_path, "as an Arrow file")


@pytest.fixture
def database(tmp_path):
    with sqlite3.connect(tmp_path / "loans.db") as connection:
        connection.execute("CREATE TABLE loans (id INTEGER, status TEXT, income REAL)")
        connection.executemany(
            "INSERT INTO loans VALUES (?, ?, ?)", [(1, "good", 10.5), (2, "bad", None)]
        )
    connection.close()
    return tmp_path


def sql(query, url="sqlite:///loans.db"):
    return {"type": "sql", "url": url, "query": query}


def test_sqlite_query_relative_to_the_config(database):
    found = read(sql("SELECT * FROM loans ORDER BY id"), database)
    expected = pd.DataFrame({"id": [1, 2], "status": ["good", "bad"], "income": [10.5, None]})
    pd.testing.assert_frame_equal(found, expected)
    assert read(sql("SELECT count(*) AS n FROM loans"), database)["n"].tolist() == [2]
    found = read(sql("SELECT ':id 5%' AS t FROM loans WHERE status LIKE 'g%'"), database)
    assert found["t"].tolist() == [":id 5%"]


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("SELECT * FROM loan", "no such table: loan"),
        ("SELEKT 1", "syntax error"),
        ("SELECT * FROM loans WHERE id > 9", "no rows"),
        ("SELECT id, id FROM loans", "'id' occurs more than once"),
        ("UPDATE loans SET id = 1", "a SELECT is expected"),
    ],
)
def test_bad_query_gets_a_sentence(database, query, match):
    refused(sql(query), database, match)


def test_missing_sqlite_file_is_not_created(tmp_path):
    refused(sql("SELECT 1", "sqlite:///none.db"), tmp_path, "no SQLite file")
    assert [*tmp_path.iterdir()] == []
    (tmp_path / "text.db").write_text("this is no database, but long enough to look at" * 40)
    refused(sql("SELECT * FROM loans", "sqlite:///text.db"), tmp_path, "not a database")


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "://root:hunter2@host/db",
        "nosuchdb://root:hunter2@host/db",
        "sqlite://root:hunter2@host/db?password=hunter2",
        "postgresql+nodriver://root:hunter2@host/db?sslpassword=hunter2",
    ],
)
def test_password_is_never_shown(tmp_path, url):
    with pytest.raises((UsageError, MissingExtraError)) as caught:
        read(sql("SELECT 1", url), tmp_path)
    text, error = "", caught.value
    while error is not None:
        text += str(error)
        error = None if error.__suppress_context__ else error.__context__
    assert "hunter2" not in text


def test_driver_that_is_not_installed_is_named(tmp_path):
    with pytest.raises(MissingExtraError, match="pip install oracledb"):
        read(sql("SELECT 1", "oracle+oracledb://u:p@host/db"), tmp_path)


@pytest.mark.parametrize(
    ("source", "match"),
    [
        ("rows.csv", "a source is a mapping"),
        ({"type": "cvs", "path": "a"}, "did you mean 'csv'"),
        ({"type": "csv"}, "needs 'path'"),
        ({"type": "sql", "url": "sqlite://", "query": " "}, "needs 'query'"),
        ({"path": "a.csv"}, "source type None"),
    ],
)
def test_bad_source_gets_a_sentence(tmp_path, source, match):
    refused(source, tmp_path, match)


def test_object_of_the_config_is_taken(tmp_path):
    class Spec:
        def model_dump(self):
            return {"type": "dataset", "name": "wine", "comment": None}

    assert read(Spec(), tmp_path).shape == (178, 14)
