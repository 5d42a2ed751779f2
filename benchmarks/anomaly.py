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

from _options import add_report_options, add_run_options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="fit what is not yet in the file")
    add_run_options(run, sets="all", seeds=5, rows=20_000, limit=600)
    add_report_options(verbs.add_parser("report", help="write the summary as Markdown"))
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
