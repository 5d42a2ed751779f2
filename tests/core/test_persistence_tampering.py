"""Each way to tamper with a model file is refused with a message of its own; nothing runs."""

import hashlib
import io
import json
import os
import pickle
import stat
import struct
import sys
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from appliednn.core.errors import IntegrityError
from appliednn.core.persistence import _container, inspect, load, save
from appliednn.core.persistence._arrays import dump_arrays, load_arrays
from appliednn.core.persistence._codec import Decoder
from appliednn.core.persistence._skops import load_object
from appliednn.tabular import TabularEncoder

X = np.array([[0.0, 5.0], [1.0, 6.0], [2.0, 9.0], [3.0, 1.0]])


@pytest.fixture
def model_file(tmp_path):
    model = make_pipeline(StandardScaler(), TabularEncoder()).fit(X)
    return save(model, tmp_path / "model.ann")


def parts(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, members, infos=None, seal=True):
    """Write a forged file as a careful forger would: with a good seal and good hashes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members:
            archive.writestr((infos or {}).get(name, name), data)
        archive.comment = b"0" * 64
    body = buffer.getvalue()[:-64]
    path.write_bytes(body + hashlib.sha256(body).hexdigest().encode())


def forge(path, change):
    """Let ``change`` edit manifest and members, then put every hash right again."""
    members = parts(path)
    manifest = json.loads(members.pop("manifest.json"))
    change(manifest, members)
    manifest["members"] = {
        name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in members.items()
    }
    rewrite(path, [("manifest.json", json.dumps(manifest)), *members.items()])


def refused(path, message):
    for read in (load, inspect):
        with pytest.raises(IntegrityError, match=message):
            read(path)


def refused_to_build(path, message):
    with pytest.raises(IntegrityError, match=message):
        load(path)


def test_the_forger_of_these_tests_writes_files_that_load(model_file):
    forge(model_file, lambda manifest, members: None)
    np.testing.assert_array_equal(
        load(model_file).transform(X),
        make_pipeline(StandardScaler(), TabularEncoder()).fit_transform(X),
    )


def test_every_single_changed_byte_is_refused(tmp_path):
    path = save(TabularEncoder(numeric="passthrough").fit([[1.0]]), tmp_path / "m.ann")
    good = path.read_bytes()
    for i in range(len(good)):
        path.write_bytes(good[:i] + bytes([good[i] ^ 0x41]) + good[i + 1 :])
        with pytest.raises(IntegrityError):
            inspect(path)
    for cut in range(0, len(good), 97):
        path.write_bytes(good[:cut])
        with pytest.raises(IntegrityError):
            inspect(path)


def test_changed_weights(model_file):
    members = parts(model_file)
    data = bytearray(members["arrays.safetensors"])
    data[-1] ^= 1
    rewrite(model_file, list({**members, "arrays.safetensors": bytes(data)}.items()))
    refused(model_file, "member arrays.safetensors was changed since it was written")


def test_changed_time_stamp_of_a_member(model_file):
    good = model_file.read_bytes()
    at = good.index(b"PK\x01\x02") + 12
    model_file.write_bytes(good[:at] + b"\x77" + good[at + 1 :])
    refused(model_file, "bytes outside of its members were changed")


def test_added_member(model_file):
    with zipfile.ZipFile(model_file, "a") as archive:
        archive.writestr("objects/7.skops", b"more")
    refused(model_file, r"objects/7.skops, added after it was written")


@pytest.mark.parametrize("name", ["notes.txt", "objects/", "arrays.npz", "objects/a.skops"])
def test_added_member_of_a_foreign_kind(model_file, name):
    with zipfile.ZipFile(model_file, "a") as archive:
        archive.writestr(name, b"")
    refused(model_file, "holds a member '.*' that no model file has")


@pytest.mark.parametrize(
    "name", ["../evil.py", "objects/../../evil", "/etc/passwd", "..\\evil", "C:\\x"]
)
def test_paths_that_lead_out(model_file, name):
    with zipfile.ZipFile(model_file, "a") as archive:
        archive.writestr(name, b"import os")
    refused(model_file, "leads out of the file")
    assert not (model_file.parent.parent / "evil.py").exists()


def test_link(model_file):
    info = zipfile.ZipInfo("objects/9.skops")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(model_file, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(model_file, "holds a link")


def test_member_twice(model_file):
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(model_file, "a") as archive:
        archive.writestr("manifest.json", "{}")
    refused(model_file, "holds manifest.json twice")


def test_missing_member(model_file):
    members = parts(model_file)
    del members["objects/0.skops"]
    rewrite(model_file, list(members.items()))
    refused(model_file, "lacks its member objects/0.skops")


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/appliednn_was_here",)


def test_pickled_objects(model_file, tmp_path):
    with zipfile.ZipFile(model_file, "a") as archive:
        archive.writestr("objects/0.pkl", pickle.dumps(Evil()))
    refused(model_file, "holds a pickled object 'objects/0.pkl'")
    whole = tmp_path / "model.pkl"
    for protocol in (2, 3, 4, 5):
        whole.write_bytes(pickle.dumps(Evil(), protocol))
        refused(whole, "it is a pickle")
    assert not os.path.exists("/tmp/appliednn_was_here")


def test_pickled_array_inside_a_scikit_learn_object(model_file):
    def change(manifest, members):
        with zipfile.ZipFile(io.BytesIO(members["objects/0.skops"])) as archive:
            inner = {name: archive.read(name) for name in archive.namelist()}
        name = next(name for name in inner if name.endswith(".npy"))
        stream = io.BytesIO()
        np.save(stream, np.array([Evil()], dtype=object), allow_pickle=True)
        members["objects/0.skops"] = stored({**inner, name: stream.getvalue()})

    forge(model_file, change)
    refused_to_build(model_file, "holds a pickled object; nothing was unpickled")
    assert not os.path.exists("/tmp/appliednn_was_here")


def stored(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_huge_declared_shape_of_weights(model_file):
    def change(manifest, members):
        data = members["arrays.safetensors"]
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + length])
        first = next(key for key in header if key != "__metadata__")
        header[first]["shape"] = [2**40, 2**20]
        text = json.dumps(header).encode()
        members["arrays.safetensors"] = struct.pack("<Q", len(text)) + text + data[8 + length :]

    forge(model_file, change)
    refused_to_build(
        model_file, r"declares the shape \[1099511627776, 1048576\].*nothing was alloc"
    )


def test_huge_declared_shape_inside_a_scikit_learn_object(model_file):
    def change(manifest, members):
        with zipfile.ZipFile(io.BytesIO(members["objects/0.skops"])) as archive:
            inner = {name: archive.read(name) for name in archive.namelist()}
        name = next(name for name in inner if name.endswith(".npy"))
        stream = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            stream, {"shape": (2**40,), "fortran_order": False, "descr": "<f8"}
        )
        members["objects/0.skops"] = stored({**inner, name: stream.getvalue() + b"12345678"})

    forge(model_file, change)
    refused_to_build(
        model_file, "needs 8796093022208 bytes, and 8 are there; nothing was allocated"
    )


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}},
        {"a": {"dtype": "O", "shape": [1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}},
        {"a": 3},
        [],
    ],
)
def test_array_headers_that_do_not_add_up(header):
    text = json.dumps(header).encode()
    with pytest.raises(IntegrityError):
        load_arrays(struct.pack("<Q", len(text)) + text + b"1234")
    for data in (b"", b"123", struct.pack("<Q", 2**60) + b"{}", struct.pack("<Q", 2) + b"{{"):
        with pytest.raises(IntegrityError, match="header"):
            load_arrays(data)


def test_overlapping_arrays_are_refused():
    data = dump_arrays({"a": np.zeros(2), "b": np.ones(2)})
    length = struct.unpack("<Q", data[:8])[0]
    text = data[8 : 8 + length].replace(b"[16,32]", b"[0,16] ")
    with pytest.raises(IntegrityError):
        load_arrays(data[:8] + text + data[8 + length :])


def test_bomb_is_refused_before_it_is_unpacked(model_file, monkeypatch):
    members = parts(model_file)
    monkeypatch.setattr(_container, "MAX_OBJECT", 10**6)
    info = zipfile.ZipInfo("objects/1.skops")
    info.compress_type = zipfile.ZIP_DEFLATED
    bomb = {**members, "objects/1.skops": b"0" * 10**7}
    rewrite(model_file, list(bomb.items()), {"objects/1.skops": info})
    assert model_file.stat().st_size < 10**5
    refused(model_file, "would unpack to 10000000 bytes; at most 1000000")
    monkeypatch.setattr(_container, "MAX_OBJECT", 10**8)
    monkeypatch.setattr(_container, "MAX_OBJECTS_TOTAL", 10**6)
    refused(model_file, "would unpack to 1001.* bytes of objects")


def test_member_that_lies_about_its_size(model_file):
    """A bomb whose headers declare a small size never unpacks to more than it declares."""
    members = parts(model_file)
    info = zipfile.ZipInfo("objects/1.skops")
    info.compress_type = zipfile.ZIP_DEFLATED
    rewrite(
        model_file,
        [*members.items(), ("objects/1.skops", b"0" * 10**6)],
        {"objects/1.skops": info},
    )
    data = model_file.read_bytes().replace(struct.pack("<I", 10**6), struct.pack("<I", 100))
    manifest = json.loads(members["manifest.json"])
    manifest["members"]["objects/1.skops"] = {"size": 100, "sha256": "0" * 64}
    model_file.write_bytes(data)
    refused(model_file, "added after|damaged|has not the size")
    with (
        zipfile.ZipFile(model_file) as archive,
        pytest.raises(IntegrityError, match="damaged|size"),
    ):
        _container._read(model_file, archive, archive.getinfo("objects/1.skops"))


def test_packed_arrays_are_refused(model_file):
    info = zipfile.ZipInfo("arrays.safetensors")
    info.compress_type = zipfile.ZIP_DEFLATED
    rewrite(model_file, list(parts(model_file).items()), {"arrays.safetensors": info})
    refused(model_file, "packed in a way no model file is")


@pytest.mark.parametrize("size", [0, 5])
def test_file_over_the_cap(model_file, monkeypatch, size):
    monkeypatch.setattr(_container, "MAX_FILE", size)
    refused(model_file, f"at most {size} are read")


def test_newer_and_foreign_formats(model_file):
    forge(model_file, lambda manifest, members: manifest.update(format_version=2))
    refused(model_file, "newer format 2; this version of appliednn reads up to 1. Upgrade")
    forge(model_file, lambda manifest, members: manifest.update(format_version="1"))
    refused(model_file, "no format version")
    forge(model_file, lambda manifest, members: manifest.update(format="chrome-extension"))
    refused(model_file, "its manifest is of another program")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["config.json", "metadata.json", "model.weights.h5"], "Keras archive"),
        (["schema.json"], "bare skops file"),
        (["archive/data.pkl"], "PyTorch"),
        (["readme.txt"], "zip of another program"),
    ],
)
def test_foreign_zips(tmp_path, names, message):
    path = tmp_path / "x.zip"
    rewrite(path, [(name, b"") for name in names])
    refused(path, message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"hello", "not a zip"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"PK\x05\x06" + b"\0" * 18, "empty or damaged zip"),
        (b"PK\x03\x04" + b"\0" * 100, "damaged or cut off"),
    ],
)
def test_what_is_no_zip(tmp_path, data, message):
    path = tmp_path / "x.ann"
    path.write_bytes(data)
    refused(path, message)


def test_manifest_that_cannot_be_read(model_file):
    members = parts(model_file)
    for text in ("{", "[]", "\xff", "[" * 100_000, "null"):
        rewrite(model_file, list({**members, "manifest.json": text.encode("latin1")}.items()))
        refused(model_file, "manifest")


@pytest.mark.parametrize(
    "name", ["os", "Popen", "subprocess.Popen", "builtins.eval", "", None, 3, "Architecture"]
)
def test_unknown_class(model_file, name):
    def change(manifest, members):
        manifest["nodes"][0]["class"] = name

    loaded = set(sys.modules)
    forge(model_file, change)
    refused_to_build(
        model_file, "does not know|where an estimator belongs|describes a part wrongly"
    )
    assert not {m for m in set(sys.modules) - loaded if not m.startswith("appliednn")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n[0]["params"].update(numeric="no"), "parameters cannot be used"),
        (lambda n: n[0]["params"].update(evil=1), "parameters cannot be used"),
        (lambda n: n[0]["params"].update(numeric={"$array": "no"}), "array 'no'"),
        (lambda n: n[0]["params"].update(numeric={"$child": 1}), "part 1 that is not there"),
        (lambda n: n[0]["params"].update(numeric={"$child": 0}), "part 0 that is not there"),
        (lambda n: n[0]["params"].update(numeric={"$eval": "1"}), "unknown kind '\\$eval'"),
        (lambda n: n[0]["params"].update(numeric={"$value": ["Loss"]}), "malformed"),
        (lambda n: n[0]["arrays"].clear(), "lacks"),
        (lambda n: n[0]["meta"].update(kinds_=["numeric"]), "does not fit together"),
        (lambda n: n[1].update(object="objects/5.skops"), "not there"),
        (lambda n: n[1].update(inner=[7]), "a part of it is missing"),
        (lambda n: n.clear(), "no estimator"),
        (lambda n: n[0].pop("meta"), "wrongly"),
    ],
)
def test_manifests_that_do_not_fit_together(model_file, change, message):
    forge(model_file, lambda manifest, members: change(manifest["nodes"]))
    refused_to_build(model_file, message)


@pytest.mark.parametrize(
    "body",
    [
        {"$labels": ["<U99999999", [1], ["a"]]},
        {"$labels": ["<U1", [3], ["a"]]},
        {"$labels": ["<U1", [-1, -1], ["a"]]},
        {"$labels": ["<f8", [1], [1.0]]},
        {"$labels": ["V8", [1], [1.0]]},
        {"$number": ["object", 1]},
        {"$number": ["uint8", 300]},
        {"$dtype": "O"},
        {"$float": "1e3"},
        {"$dict": [[[], 1]]},
        {"$dict": 3},
        {"$tuple": 3},
        {"$value": ["Network", {}]},
        {"$value": ["TabularEncoder", {}]},
        {"$tuple": [], "$dict": []},
    ],
)
def test_values_no_model_file_holds(body):
    decoder = Decoder({}.__getitem__, {}.__getitem__)
    if "999" in str(body):  # the declared width of text is never allocated
        assert decoder.decode(body).dtype == "<U1"
        return
    with pytest.raises(IntegrityError):
        decoder.decode(body)


def edit_schema(data, change):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inner = {name: archive.read(name) for name in archive.namelist()}
    inner["schema.json"] = change(inner["schema.json"].decode()).encode()
    return stored(inner)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"sklearn.preprocessing._data"', '"os"', "os.StandardScaler"),
        ('"StandardScaler"', '"system"', "system"),
        ('"ObjectNode"', '"MethodNode"', "by MethodNode"),
        ('"ObjectNode"', '"ConstructorFromReduceNode"', "by ConstructorFromReduceNode"),
        ('"ObjectNode"', '"FunctionNode"', "StandardScaler"),
        ('"ObjectNode"', '["x"]', "by"),
    ],
)
def test_scikit_learn_objects_not_on_the_list(old, new, named):
    data = skops.io.dumps(StandardScaler().fit(X))
    with pytest.raises(IntegrityError, match=f"{named}.*reviewed list"):
        load_object(edit_schema(data, lambda text: text.replace(old, new)), "objects/0.skops")


def test_functions_not_on_the_list():
    for function in (os.system, eval, np.load, np.fromfile):
        data = skops.io.dumps(FunctionTransformer(function))
        with pytest.raises(IntegrityError, match="reviewed list"):
            load_object(data, "objects/0.skops")


def test_damaged_scikit_learn_members():
    data = skops.io.dumps(StandardScaler().fit(X))
    bad = [b"", b"x", data[:-30], stored({"schema.json": b"["}), stored({"other": b""})]
    bad += [stored({"schema.json": b"{}", "x.pkl": b""}), stored({"schema.json": b"[]"})]
    bad += [stored({"schema.json": ("[" * 100_000).encode()})]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", " " * 10**6)
    for broken in [*bad, buffer.getvalue()]:
        with pytest.raises(IntegrityError):
            load_object(broken, "objects/0.skops")


def test_object_without_its_state(tmp_path):
    def change(manifest, members):
        empty = edit_schema(members["objects/0.skops"], lambda t: t.replace('"content"', '"none"'))
        members["objects/0.skops"] = empty

    path = save(StandardScaler().fit(X), tmp_path / "m.ann")
    forge(path, change)
    refused_to_build(path, "not fitted: a part of it is missing")


def tree_of(model):
    return model.estimators_[0].tree_ if hasattr(model, "estimators_") else model.tree_


@pytest.mark.parametrize(
    "model", [DecisionTreeClassifier(), RandomForestClassifier(1, bootstrap=False)]
)
@pytest.mark.parametrize("field", ["left_child", "right_child", "feature"])
def test_trees_that_point_outside_themselves(model, field):
    model.fit(X, [0, 1, 0, 1])
    tree = tree_of(model)
    state = tree.__getstate__()
    nodes = state["nodes"].copy()
    nodes[field][0] = 10**6
    tree.__setstate__({**state, "nodes": nodes})
    with pytest.raises(IntegrityError, match="Tree that points outside itself"):
        load_object(skops.io.dumps(model), "objects/0.skops")


def test_a_tree_wider_than_its_forest():
    forest = RandomForestClassifier(1).fit(X, [0, 1, 0, 1])
    wide = DecisionTreeClassifier().fit(np.tile(X, 50), [0, 1, 0, 1])
    forest.estimators_[0] = wide
    with pytest.raises(IntegrityError, match="points outside itself"):
        load_object(skops.io.dumps(forest), "objects/0.skops")


@pytest.mark.parametrize("field", ["left", "right", "feature_idx", "is_categorical"])
def test_boosted_trees_that_point_outside_themselves(field):
    rows = np.random.default_rng(0).normal(size=(60, 2))
    model = HistGradientBoostingClassifier(max_iter=1).fit(rows, rows[:, 0] > 0)
    load_object(skops.io.dumps(model), "objects/0.skops")
    model._predictors[0][0].nodes[field][0] = 200
    with pytest.raises(IntegrityError, match="TreePredictor that points outside itself"):
        load_object(skops.io.dumps(model), "objects/0.skops")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("_fit_X", lambda v: v[:, :1]),
        ("_fit_X", lambda v: v.astype(object)),
        ("n_samples_fit_", lambda v: v + 1),
        ("n_neighbors_", lambda v: v + 1),
        ("_lrd", lambda v: v[:-1]),
        ("_fit_method", lambda v: "kd_tree"),
        ("effective_metric_params_", lambda v: {"V": np.ones(1)}),
    ],
)
def test_neighbours_narrower_than_the_rows_they_will_meet(field, change):
    rows = np.random.default_rng(0).normal(size=(20, 2))
    model = LocalOutlierFactor(n_neighbors=3, novelty=True, algorithm="brute").fit(rows)
    load_object(skops.io.dumps(model), "objects/0.skops")
    setattr(model, field, change(getattr(model, field)))
    with pytest.raises(IntegrityError, match="LocalOutlierFactor that points outside itself"):
        load_object(skops.io.dumps(model), "objects/0.skops")


def test_onehot_encoder_that_writes_outside_its_columns():
    encoder = OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist")
    encoder.fit([["a"], ["a"], ["b"], ["c"]])
    load_object(skops.io.dumps(encoder), "objects/0.skops")
    encoder._default_to_infrequent_mappings[0][:] = 10**6
    with pytest.raises(IntegrityError, match="OneHotEncoder that points outside itself"):
        load_object(skops.io.dumps(encoder), "objects/0.skops")
    other = OneHotEncoder().fit([["a"], ["b"], ["c"]])
    other._n_features_outs = [1]
    with pytest.raises(IntegrityError, match="OneHotEncoder that points outside itself"):
        load_object(skops.io.dumps(other), "objects/0.skops")
