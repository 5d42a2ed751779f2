"""What the benchmarks on sets are asked: the options of their verbs, and groups of names."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path


def add_run_options(run: ArgumentParser, sets: str, seeds: int, rows: int, limit: int) -> None:
    """Add to the verb ``run`` what every benchmark on sets takes, with its defaults."""
    run.add_argument("--sets", nargs="+", default=[sets], help=f"names, groups, all ({sets})")
    run.add_argument("--methods", nargs="+", default=["all"], help="names, all, ours or peers")
    run.add_argument("--seeds", type=int, default=seeds, help=f"seeds 0, 1, ... ({seeds})")
    run.add_argument("--rows", type=int, default=rows, help=f"rows of a set ({rows})")
    run.add_argument("--out", type=Path, required=True, help="file of JSON lines")
    run.add_argument("--limit", type=float, default=limit, help="processor seconds of a fit")
    run.add_argument("--budget", type=float, default=float("inf"), help="seconds of this run")
    run.add_argument(
        "--again", choices=("failed", "all"), help="repeat what is in the file: the last counts"
    )


def add_report_options(report: ArgumentParser) -> None:
    """Add to the verb ``report`` what every benchmark on sets takes."""
    report.add_argument("files", type=Path, nargs="+")
    report.add_argument("--methods", nargs="+", default=["all"], help="compare these only")
    report.add_argument("--rows", type=int, help="of runs with several --rows, this one")
    report.add_argument(
        "--share", type=float, default=0.5, help="of fits on a set, and of sets, to take part"
    )
    report.add_argument("--out", type=Path, help="file; without it the report is printed")


def chosen(option: str, words: list[str], groups: dict[str, list[str]]) -> list[str]:
    """Return names for names and groups of names, in the order given; "all" is the group of all.

    >>> chosen("--sets", ["c", "ab"], {"all": ["a", "b", "c"], "ab": ["a", "b"]})
    ['c', 'a', 'b']
    """
    names: dict[str, None] = {}
    for word in words:
        if word not in groups and word not in groups["all"]:
            known = ", ".join([*groups, *groups["all"]])
            raise SystemExit(f"{option} {word}: there is no such thing; give some of {known}")
        names.update(dict.fromkeys(groups.get(word, [word])))
    return list(names)


def chosen_of(methods: dict, words: list[str]) -> list[str]:
    """Return names of methods, in the order of the table, for names, "all", "ours" or "peers"."""
    groups = {
        "all": list(methods),
        "ours": [n for n, m in methods.items() if m.ours],
        "peers": [n for n, m in methods.items() if not m.ours],
    }
    wanted = chosen("--methods", words, groups)
    return [name for name in methods if name in wanted]
