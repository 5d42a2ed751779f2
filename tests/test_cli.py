import inspect
import json
import sys
import types
from importlib import metadata
from pathlib import Path

import pytest

from appliednn.cli import main
from appliednn.core.errors import (
    AppliedNNError,
    DataContractError,
    IntegrityError,
    MissingExtraError,
    UsageError,
)
from appliednn.pipeline._outcome import RunOutcome

GOOD = """\
version: 1
name: credit
task: classification
data: {source: {type: dataset, name: credit}, target: Status}
model: {type: MLPClassifier}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def replace(monkeypatch):
    """Put a function in the place of one that a verb calls; return the calls it gets."""

    def replace(module, name, result):
        calls = []

        def stand_in(*args, **kwargs):
            calls.append((args, kwargs))
            if isinstance(result, BaseException):
                raise result
            return result

        fake = types.ModuleType(module)
        setattr(fake, name, stand_in)
        monkeypatch.setitem(sys.modules, module, fake)
        return calls

    return replace


def test_the_version_is_the_package_s(capsys):
    import appliednn

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"appliednn {appliednn.__version__}\n"


def test_help_lists_the_verbs_and_exit_codes(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    verbs = [
        "init",
        "validate",
        "schema",
        "run",
        "audit",
        "predict",
        "diff",
        "verify",
        "info",
        "datasets",
    ]
    assert all(f"\n  {verb} " in out for verb in verbs)
    assert "130 interrupted" in out


@pytest.mark.parametrize("verb", ["init", "validate", "run", "audit", "predict", "diff", "verify"])
def test_each_verb_has_help_and_asks_for_its_arguments(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: appliednn {verb}")
    assert main([verb]) == 2
    assert "Missing" in capsys.readouterr().err


def test_no_verb_and_a_wrong_verb_are_usage_errors(capsys):
    assert main([]) == 2
    assert main(["valdate", "x"]) == 2
    assert "Did you mean 'validate'?" in capsys.readouterr().err


def test_validate_says_yes(config, capsys):
    assert main(["validate", str(config)]) == 0
    assert "is valid: credit, classification, MLPClassifier" in capsys.readouterr().out


def test_validate_lists_every_problem_on_stderr_without_a_traceback(config, capsys):
    config.write_text(GOOD.replace("MLPClassifier", "MLPClasifier").replace("version: 1", ""))
    assert main(["validate", str(config), "-s", "sed=3"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    version, model, override = err.splitlines()
    assert version == f"{config}:2:1: version: is required"
    assert model.startswith(f"{config}:5:15: model.type: expected one of MLPClassifier, RealMLP")
    assert model.endswith("got 'MLPClasifier' (did you mean 'MLPClassifier'?)")
    assert not any(name in model for name in ("PPOAgent", "MLPRegressor", "TextClassifier"))
    assert override == "-s sed=3: sed: unknown key (did you mean 'seed'?)"


def test_validate_of_a_missing_file(tmp_path, capsys):
    assert main(["validate", str(tmp_path / "nope.yaml")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'nope.yaml'}: no such file\n"


def test_schema_prints_json_or_one_section(capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "appliednn run"
    assert main(["schema", "calibration.temperature"]) == 0
    assert "fraction" in capsys.readouterr().out
    assert main(["schema", "calibratoin"]) == 2
    assert "did you mean 'calibration'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "resume", "dry_run", "out"),
    [
        ([], None, False, None),
        (["--resume"], True, False, None),
        (["--resume", "reports/a"], Path("reports/a"), False, None),
        (["--dry-run", "--out", "x"], None, True, Path("x")),
    ],
)
def test_run_hands_over_what_was_asked(config, replace, capsys, arguments, resume, dry_run, out):
    outcome = RunOutcome(0, "PASS", None, ["PASS", "report: x/report.html"])
    calls = replace("appliednn.pipeline._runner", "run", outcome)
    assert main(["run", str(config), "-s", "model.epochs=5", *arguments]) == 0
    assert capsys.readouterr().out == "PASS\nreport: x/report.html\n"
    ((loaded,), options), *rest = calls
    assert rest == []
    assert loaded.config.model.epochs == 5
    assert options == {"resume": resume, "dry_run": dry_run, "out": out}


def test_run_ends_with_the_exit_code_of_the_run(config, replace):
    for code in (0, 3, 4, 5, 130):
        replace("appliednn.pipeline._runner", "run", RunOutcome(code))
        assert main(["run", str(config)]) == code


def test_run_takes_a_folder_only_to_resume(config, replace, capsys):
    replace("appliednn.pipeline._runner", "run", RunOutcome(0))
    assert main(["run", str(config), "reports/a"]) == 2
    assert "did you mean --resume reports/a?" in capsys.readouterr().err


def test_run_reads_no_data_for_a_wrong_config(config, replace):
    calls = replace("appliednn.pipeline._runner", "run", RunOutcome(0))
    assert main(["run", str(config), "-s", "model.epoch=5"]) == 2
    assert calls == []


def test_audit_hands_over_its_options(replace):
    calls = replace("appliednn.pipeline._audit_file", "audit_file", RunOutcome(4))
    arguments = [
        "audit",
        "m.ann",
        "--data",
        "d.csv",
        "--target",
        "y",
        "--train",
        "t.csv",
        "--sensitive",
    ]
    assert main([*arguments, "sex, age", "--config", "c.yaml", "--out", "o"]) == 4
    paths = Path("m.ann"), Path("d.csv"), "y", Path("t.csv"), ["sex", "age"]
    assert calls == [((*paths, Path("c.yaml"), Path("o")), {})]


def test_predict_diff_and_verify_hand_over_their_arguments(replace, tmp_path, capsys):
    calls = replace("appliednn.pipeline._predict", "predict_file", RunOutcome(3, lines=["age: x"]))
    assert main(["predict", "m.ann", "--data", "d.csv", "--out", "p.csv"]) == 3
    assert calls == [((Path("m.ann"), Path("d.csv"), Path("p.csv")), {"reasons": False})]
    calls = replace("appliednn.audit", "diff_reports", RunOutcome(4, lines=["gate roc_auc"]))
    assert main(["diff", "old.json", str(tmp_path)]) == 4
    assert calls == [((Path("old.json"), tmp_path / "report.json"), {})]
    calls = replace("appliednn.pipeline._verify", "verify_folder", RunOutcome(5))
    assert main(["verify", str(tmp_path)]) == 5
    assert calls == [((tmp_path,), {})]
    assert capsys.readouterr().out == "age: x\ngate roc_auc\n"


def test_the_functions_behind_the_verbs_take_what_the_verbs_give():
    from appliednn.audit import diff_reports
    from appliednn.pipeline import audit_file, predict_file, run, verify_folder

    for function, n_arguments in (
        (audit_file, 7),
        (predict_file, 3),
        (verify_folder, 1),
        (diff_reports, 2),
    ):
        inspect.signature(function).bind(*[None] * n_arguments)
    inspect.signature(run).bind(None, resume=None, dry_run=False, out=None)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no such thing"), 2),
        (DataContractError("age: 3 rows above 120"), 3),
        (IntegrityError("a byte changed"), 5),
        (MissingExtraError("pip install it"), 2),
        (AppliedNNError("other"), 1),
    ],
)
def test_an_error_of_ours_is_one_message_and_its_exit_code(replace, capsys, error, code):
    replace("appliednn.pipeline._verify", "verify_folder", error)
    assert main(["verify", "x"]) == code
    assert capsys.readouterr().err == f"{error}\n"


def test_an_internal_error_keeps_the_traceback_in_a_file(replace, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    replace("appliednn.pipeline._verify", "verify_folder", KeyError("broken"))
    assert main(["verify", "x"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("internal error: KeyError: 'broken'\n")
    assert "Traceback" not in err
    (log,) = tmp_path.iterdir()
    assert str(log) in err
    assert "Traceback" in log.read_text()
    assert "KeyError" in log.read_text()


@pytest.mark.parametrize("arguments", [["--debug", "verify", "x"], ["verify", "x", "--debug"]])
def test_debug_shows_the_traceback(replace, arguments):
    replace("appliednn.pipeline._verify", "verify_folder", KeyError("broken"))
    with pytest.raises(KeyError):
        main(arguments)


def test_ctrl_c_ends_with_130_and_without_a_traceback(replace, capsys):
    replace("appliednn.pipeline._verify", "verify_folder", KeyboardInterrupt())
    assert main(["verify", "x"]) == 130
    assert capsys.readouterr() == ("", "")


def test_info_prints_versions_devices_and_what_is_missing(monkeypatch, capsys):
    devices = [{"name": "/physical_device:CPU:0", "type": "CPU"}]
    monkeypatch.setattr("appliednn.core.backend.devices", lambda: devices)
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["keras", metadata.version("keras")] in [line.split() for line in lines]
    assert "  /physical_device:CPU:0 (CPU)" in lines
    assert any(line.startswith("  sql:") for line in lines)


def test_info_names_missing_packages():
    from appliednn.core._info import info_lines

    found = {
        "appliednn": "1",
        "python": "3",
        "platform": "x",
        "packages": {"keras": None},
        "extras": {"sql": ["sqlalchemy"], "lightgbm": []},
    }
    lines = info_lines(found)
    assert "  keras  MISSING: pip install keras" in lines
    assert "  sql: missing sqlalchemy: pip install 'appliednn[sql]'" in lines
    assert "  lightgbm: installed" in lines
