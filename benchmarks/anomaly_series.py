"""Anomalies in series: our detectors beside the peers, on NAB, by two protocols.

    python benchmarks/anomaly_series.py run --methods all --seeds 5 --out FILE
    python benchmarks/anomaly_series.py report FILE

``run`` writes each finished fit at once and goes on from there after a kill; it can be run in
pieces (``--series``, ``--methods``, ``--protocols``, ``--seeds``, ``--budget``). ``report``
compares, by protocol, the methods on the series that all of them finished. ``list`` names series,
protocols and methods. ``_anomaly_series_sets.py`` says what the protocols are,
``_anomaly_series_methods.py`` what each method is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

PROTOCOLS = ["contaminated", "clean"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="fit what is not yet in the file")
    run.set_defaults(rows=None)
    run.add_argument(
        "--series", nargs="+", default=["all"], help="names, folders of NAB, all, ..."
    )
    run.add_argument("--methods", nargs="+", default=["all"], help="names, all, ours or peers")
    run.add_argument("--protocols", nargs="+", default=PROTOCOLS, choices=PROTOCOLS)
    run.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default 5)")
    run.add_argument("--out", type=Path, required=True, help="file of JSON lines")
    run.add_argument("--limit", type=float, default=600, help="processor seconds of a fit")
    run.add_argument("--budget", type=float, default=float("inf"), help="seconds of this run")
    run.add_argument(
        "--again", choices=("failed", "all"), help="repeat what is in the file: the last counts"
    )
    report = verbs.add_parser("report", help="print the summary as Markdown")
    report.add_argument("files", type=Path, nargs="+")
    report.add_argument("--methods", nargs="+", default=["all"], help="compare these only")
    report.add_argument("--share", type=float, default=0.9, help="of the series, to take part")
    report.add_argument("--out", type=Path, help="file; without it the report is printed")
    verbs.add_parser("list", help="name the series, protocols and methods")
    return parser


def _list() -> None:
    from _anomaly_series_methods import METHODS
    from _anomaly_series_sets import DEVELOPMENT, PROTOCOLS, load

    series = load()
    for name, one in series.items():
        share, known = one.first / len(one.labels), " (development)" * (name in DEVELOPMENT)
        print(f"{name}{known}: {len(one.labels)} points, the first label at {share:.0%}")
    for name, what in PROTOCOLS.items():
        count = sum(one.has(name) for one in series.values())
        print(f"protocol {name}: {what}; {count} series")
    print("methods:", ", ".join(METHODS))


def main() -> None:
    options = _parser().parse_args()
    if options.verb == "run":
        from _anomaly_series_run import run

        run(options)
    elif options.verb == "report":
        from _anomaly_series_report import report

        report(options)
    else:
        _list()


if __name__ == "__main__":
    main()
