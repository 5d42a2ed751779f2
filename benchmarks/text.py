"""Classification of texts: our classifiers beside the peers, on public collections.

    python benchmarks/text.py run --sets goals --seeds 3 --out FILE
    python benchmarks/text.py report FILE

``run`` writes each finished fit at once and goes on from there after a kill; it can be run in
pieces (``--sets``, ``--methods``, ``--seeds``, ``--budget``). ``list`` names sets and methods.
``_text_sets.py`` says what the sets are, ``_text_methods.py`` what each method is.
"""

from __future__ import annotations

import argparse

from _options import add_report_options, add_run_options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="fit what is not yet in the file")
    add_run_options(run, sets="all", seeds=3, rows=100_000, limit=1200)
    add_report_options(verbs.add_parser("report", help="print the summary as Markdown"))
    verbs.add_parser("list", help="name the sets and methods")
    return parser


def main() -> None:
    options = _parser().parse_args()
    if options.verb == "run":
        from _text_run import run

        run(options)
    elif options.verb == "report":
        from _text_report import report

        report(options)
    else:
        from _text_methods import METHODS
        from _text_sets import GROUPS, SETS

        print("sets:", ", ".join(SETS), "| groups:", ", ".join(GROUPS))
        print("methods:", ", ".join(METHODS))


if __name__ == "__main__":
    main()
