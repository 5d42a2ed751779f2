"""Tables: our networks beside the peers, on public sets, the same folds for every method.

    python benchmarks/tabular.py run --sets core --methods all --out FILE
    python benchmarks/tabular.py report FILE --out benchmarks/TABULAR.md

Install the peers with ``pip install 'appliednn[bench]'``. ``run`` writes each finished fit at
once and goes on from there after a kill; it can be run in pieces (``--sets``, ``--methods``,
``--folds``, ``--seeds``, ``--budget``), and twice at the same time with other sets into the same
file. ``report`` compares, on each set, the folds that all methods finished. ``list`` names sets
and methods. ``_tabular_sets.py`` says what is done to the data, ``_tabular_methods.py`` what each
method is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HERE = Path(__file__).resolve().parent


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="fit what is not yet in the file")
    run.add_argument("--sets", nargs="+", default=["core"], help="names, core, all, ...")
    run.add_argument("--methods", nargs="+", default=["all"], help="names, all, ours or peers")
    run.add_argument("--folds", type=int, default=5, help="the first of the 5 folds (default 5)")
    run.add_argument("--seeds", type=int, default=2, help="seeds 0, 1, ... (default 2)")
    run.add_argument("--rows", type=int, default=10_000, help="rows of a set (default 10 000)")
    run.add_argument("--out", type=Path, required=True, help="file of JSON lines")
    run.add_argument("--limit", type=float, default=300, help="processor seconds of a fit")
    run.add_argument("--budget", type=float, default=float("inf"), help="seconds of this run")
    run.add_argument(
        "--again", choices=("failed", "all"), help="repeat what is in the file: the last counts"
    )
    report = verbs.add_parser("report", help="write the summary as Markdown")
    report.add_argument("files", type=Path, nargs="+")
    report.add_argument("--methods", nargs="+", default=["all"], help="compare these only")
    report.add_argument("--rows", type=int, help="of runs with several --rows, this one")
    report.add_argument(
        "--share", type=float, default=0.5, help="of folds, and of sets, to take part"
    )
    report.add_argument("--out", type=Path, help="file; without it the report is printed")
    report.add_argument(
        "--figure", type=Path, default=HERE.parent / "docs" / "images" / "tabular_ranks.svg"
    )
    verbs.add_parser("list", help="name the sets and methods")
    return parser


def _list() -> None:
    from _tabular_methods import METHODS
    from _tabular_sets import LEFT_OUT, SETS

    for name, what in SETS.items():
        print(f"{name}{'' if what.core else ' (not in core)'}: {what.task}, {what.source}")
        for column, why in what.drop.items():
            print(f"    without {column}: {why}")
    for names, why in LEFT_OUT.items():
        print(f"left out: {names}: {why}")
    print("methods:", ", ".join(METHODS))


def main() -> None:
    options = _parser().parse_args()
    if options.verb == "run":
        from _tabular_run import run

        run(options)
    elif options.verb == "report":
        from _tabular_report import report

        report(options)
    else:
        _list()


if __name__ == "__main__":
    main()
