"""The command line: each verb parses, calls one function and sets the exit code.

Exit codes: 0 pass, 1 internal error, 2 usage or config, 3 data contract, 4 a gate failed, 5 lock
or hash mismatch, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from appliednn import __version__
from appliednn.core.errors import AppliedNNError, UsageError

INTERNAL_ERROR, INTERRUPTED = 1, 130
# The base of typer's usage errors; where it lives differs between typer's versions.
_CommandLineError = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="appliednn",
    help="Train, audit and gate a neural network from one YAML file.",
    epilog="Exit codes: 0 pass, 1 internal error, 2 usage or config, 3 data contract, "
    "4 a gate failed, 5 lock or hash mismatch, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing rich would cost more than the whole answer
)

ConfigFile = Annotated[Path, typer.Argument(metavar="FILE", help="The run as YAML.")]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model (model.ann).")]
DataFile = Annotated[
    Path, typer.Option("--data", metavar="FILE", help="Rows: CSV, Parquet or Arrow.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", metavar="KEY=VALUE", help="Override a key, as in -s model.epochs=50."
    ),
]
OutFolder = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Where results are written.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"appliednn {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print it.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an internal error.")
    ] = False,
) -> None:
    """Take the options that stand before the verb; ``main`` acts on ``--debug``."""


def _finish(lines: Iterable[str], exit_code: int) -> None:
    """Print what a verb has to say and end with its exit code."""
    for line in lines:
        typer.echo(line)
    raise typer.Exit(exit_code)


@app.command()
def init(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A data file, a data set, an environment.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Config to write: <name>.yaml.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Column to predict.")] = None,
    task: Annotated[
        str | None,
        typer.Option(help="classification, anomaly, reinforcement, ...; default: read."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a commented config. Columns and task are read from the data."""
    from appliednn.pipeline.config._template import write_template

    path, notes = write_template(source, out=out, target=target, task=task, force=force)
    _finish([f"wrote {path}", *notes, f"next: appliednn run {path}"], 0)


@app.command()
def validate(file: ConfigFile, overrides: Overrides = None) -> None:
    """Check a config. Every error is listed with line, column and a suggestion."""
    from appliednn.pipeline.config import load_config

    config = load_config(file, overrides or ()).config
    _finish([f"{file} is valid: {config.name}, {config.task}, {config.model.type}"], 0)


@app.command()
def schema(
    section: Annotated[
        str | None,
        typer.Argument(help="Describe one place in words, such as model.MLPClassifier."),
    ] = None,
) -> None:
    """Print the format of a config. JSON Schema for editors, or one section in words."""
    if section is not None:
        from appliednn.pipeline.config import describe

        _finish(describe(section), 0)
    import json

    from appliednn.pipeline.config import json_schema

    _finish([json.dumps(json_schema(), indent=2, ensure_ascii=False)], 0)


@app.command()
def run(
    file: ConfigFile,
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="With --resume: the run to go on.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the data, print the plan, write nothing.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with FOLDER or the last unfinished run.")
    ] = False,
    overrides: Overrides = None,
    out: OutFolder = None,
) -> None:
    """Train, audit and gate a model. The run folder holds the report."""
    if folder is not None and not resume:
        raise UsageError(f"{folder} was given besides the config; did you mean --resume {folder}?")
    from appliednn.pipeline.config import load_config

    loaded = load_config(file, overrides or ())
    from appliednn.pipeline._runner import run as run_config

    outcome = run_config(
        loaded, resume=(folder or True) if resume else None, dry_run=dry_run, out=out
    )
    _finish(outcome.lines, outcome.exit_code)


@app.command()
def audit(
    model: ModelFile,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="Rows: CSV, Parquet or Arrow; not of agents."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", help="Column with the truth; a detector can do without."),
    ] = None,
    train: Annotated[
        Path | None, typer.Option("--train", metavar="FILE", help="Rows it was trained on.")
    ] = None,
    sensitive: Annotated[
        str, typer.Option("--sensitive", metavar="A,B", help="Attributes to audit.")
    ] = "",
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Gates and audit options.")
    ] = None,
    out: OutFolder = None,
) -> None:
    """Audit a saved model on other data. The report is written to --out."""
    from appliednn.pipeline._audit_file import audit_file

    attributes = [name.strip() for name in sensitive.split(",") if name.strip()]
    outcome = audit_file(model, data, target, train, attributes, config, out)
    _finish(outcome.lines, outcome.exit_code)


@app.command()
def predict(
    model: ModelFile,
    data: DataFile,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Predictions: CSV, Parquet.")],
    reasons: Annotated[
        bool, typer.Option("--reasons", help="Of texts: the words behind each answer.")
    ] = False,
) -> None:
    """Predict rows with a saved model. They are checked against its data contract."""
    from appliednn.pipeline._predict import predict_file

    outcome = predict_file(model, data, out, reasons=reasons)
    _finish(outcome.lines, outcome.exit_code)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A report.json or its folder.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The one to compare with it.")],
) -> None:
    """Compare two reports. Gates, metrics beyond their intervals, findings."""
    from appliednn.audit import diff_reports

    comparison = diff_reports(_report(old), _report(new))
    _finish(comparison.lines, comparison.exit_code)


def _report(path: Path) -> Path:
    return path / "report.json" if path.is_dir() else path


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A run folder.")],
) -> None:
    """Check a run folder. Config, data, model and report must match its lock."""
    from appliednn.pipeline._verify import verify_folder

    outcome = verify_folder(folder)
    _finish(outcome.lines, outcome.exit_code)


@app.command()
def info() -> None:
    """Print versions and devices. Missing extras are named."""
    from appliednn.core._info import info as collect
    from appliednn.core._info import info_lines

    _finish(info_lines(collect()), 0)


@app.command()
def datasets() -> None:
    """List the data sets a config can name."""
    from appliednn import datasets as room

    _finish(_table([dict(record) for record in room.list()]), 0)


def _table(records: Sequence[dict[str, object]]) -> list[str]:
    """Return records as aligned lines under their keys."""
    columns = list(records[0]) if records else []
    rows = [columns, *([str(r[c]) for c in columns] for r in records)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    return ["  ".join(f"{c:{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; default: the process's.

    Returns
    -------
    int
        Exit code.

    Examples
    --------
    >>> main(["--version"])
    appliednn 0.1.0
    0
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments  # wherever it stands, also behind the verb
    arguments = [a for a in arguments if a != "--debug"]
    try:
        return app(args=arguments, prog_name="appliednn", standalone_mode=False) or 0
    except _CommandLineError as error:
        error.show()
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except AppliedNNError as error:
        if debug:
            raise
        typer.echo(str(error), err=True)
        return error.exit_code
    except Exception as error:  # the one place where anything is caught: nobody is above it
        if debug:
            raise
        typer.echo(_internal_error(error), err=True)
        return INTERNAL_ERROR


def _internal_error(error: Exception) -> str:
    """Write the traceback to a file; return the line that says so."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="appliednn-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        traceback.print_exception(error, file=log)
    what = str(error).strip().partition("\n")[0]
    return (
        f"internal error: {type(error).__name__}: {what}\n"
        f"the traceback is in {log.name}; --debug shows it here"
    )


if __name__ == "__main__":
    raise SystemExit(main())
