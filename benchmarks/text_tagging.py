"""Named entities: our taggers beside a CRF on hand-made features, F1 of entities as conlleval's.

    python benchmarks/text_tagging.py run --seeds 3 --out benchmarks/text_results/tagging.jsonl
    python benchmarks/text_tagging.py report benchmarks/text_results/tagging.jsonl

``run`` writes each finished fit at once and goes on from there after a kill; it can be run in
pieces (``--sets``, ``--methods``, ``--seeds``, ``--budget``). ``--rows`` takes fewer training
sentences. ``list`` names sets and methods.
"""

from __future__ import annotations

import argparse

from _options import add_report_options, add_run_options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="fit what is not yet in the file")
    add_run_options(run, "all", seeds=3, rows=20_000, limit=3600)
    add_report_options(verbs.add_parser("report", help="print the summary as Markdown"))
    verbs.add_parser("list", help="name the sets and methods")
    return parser


def _list() -> None:
    from _text_tagging_methods import METHODS
    from _text_tagging_sets import SETS

    for name, what in SETS.items():
        print(f"{name}: {what.source}")
    for name, method in METHODS.items():
        print(f"{name}{' (ours)' * method.ours}: {method.what}")


def main() -> None:
    options = _parser().parse_args()
    if options.verb == "run":
        from _text_tagging_run import run

        run(options)
    elif options.verb == "report":
        from _text_tagging_report import report

        report(options)
    else:
        _list()


if __name__ == "__main__":
    main()
