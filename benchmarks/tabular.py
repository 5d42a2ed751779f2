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

from _options import add_report_options, add_run_options

HERE = Path(__file__).resolve().parent


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="fit what is not yet in the file")
    add_run_options(run, sets="core", seeds=2, rows=10_000, limit=300)
    run.add_argument("--folds", type=int, default=5, help="the first of the 5 folds (5)")
    report = verbs.add_parser("report", help="write the summary as Markdown")
    add_report_options(report)
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
