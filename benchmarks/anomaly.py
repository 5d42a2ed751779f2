"""Anomalies in tables: our detectors beside the peers, on public sets, the same parts for each.

    python benchmarks/anomaly.py run --methods all --out FILE
    python benchmarks/anomaly.py report FILE ... --out benchmarks/ANOMALY.md

Install the peers with ``pip install 'appliednn[bench]'``. ``run`` writes each finished fit at
once and goes on from there after a kill; it can be run in pieces (``--sets``, ``--methods``,
``--seeds``, ``--budget``) and into several files. ``report`` takes the seeds that all methods
finished on a set. ``list`` names sets and methods. ``_anomaly_sets.py`` says how a set is split
and what the two protocols are, ``_anomaly_methods.py`` what each method is.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="fit what is not yet in the file")
    run.add_argument("--sets", nargs="+", default=["all"], help="names, all, held_out, ...")
    run.add_argument("--methods", nargs="+", default=["all"], help="names, all, ours or peers")
    run.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default 5)")
    run.add_argument("--rows", type=int, default=20_000, help="rows of a set (default 20 000)")
    run.add_argument("--out", type=Path, required=True, help="file of JSON lines")
    run.add_argument("--limit", type=float, default=600, help="processor seconds of a fit")
    run.add_argument("--budget", type=float, default=float("inf"), help="seconds of this run")
    run.add_argument(
        "--again", choices=("failed", "all"), help="repeat what is in the file: the last counts"
    )
    report = verbs.add_parser("report", help="print the summary as Markdown")
    report.add_argument("files", type=Path, nargs="+")
    report.add_argument("--methods", nargs="+", default=["all"], help="compare these only")
    report.add_argument("--rows", type=int, help="of runs with several --rows, this one")
    report.add_argument(
        "--share", type=float, default=0.5, help="of seeds, and of sets, to take part"
    )
    report.add_argument("--out", type=Path, help="file; without it the report is printed")
    verbs.add_parser("list", help="name the sets and methods")
    return parser


def _list() -> None:
    from _anomaly_methods import METHODS
    from _anomaly_sets import DEVELOPMENT, HELD_OUT, PROTOCOLS

    print("sets on which our defaults were chosen:", ", ".join(DEVELOPMENT))
    print("sets held out:", ", ".join(HELD_OUT))
    for name, what in PROTOCOLS.items():
        print(f"protocol {name}: {what}")
    print("methods:", ", ".join(METHODS))


def main() -> None:
    options = _parser().parse_args()
    if options.verb == "run":
        from _anomaly_run import run

        run(options)
    elif options.verb == "report":
        from _anomaly_report import report

        report(options)
    else:
        _list()


if __name__ == "__main__":
    main()
