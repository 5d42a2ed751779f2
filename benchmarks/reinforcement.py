"""Agents beside stable-baselines3: returns and processor seconds, several seeds.

    python benchmarks/reinforcement.py run --out benchmarks/reinforcement_results/agents.jsonl
    python benchmarks/reinforcement.py report benchmarks/reinforcement_results/agents.jsonl

Both libraries get the same environment steps, the same settings (rl-baselines3-zoo's), the same
number of evaluations in training, whose best policy is kept, and one thread; every training has a
process of its own, imports are over before the clock starts, compilation is counted. "appliednn,
preset" has the settings of ``from_preset``, evaluations among them, where they differ. The same
command goes on where it was stopped. "unevaluated" learns without evaluations and keeps the last
policy: what learning alone costs.
"""

from __future__ import annotations

import argparse
import os
import time

from _options import add_report_options, add_run_options, chosen
from _reinforcement_cases import BY_NAME
from _reinforcement_report import report
from _reinforcement_run import METHODS, Training, preset_differs
from _runner import ONE_THREAD, Results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    add_run_options(verbs.add_parser("run"), sets="all", seeds=5, rows=0, limit=3600)
    add_report_options(verbs.add_parser("report"))
    options = parser.parse_args()
    if options.verb == "run":
        _run(options)
    else:
        text = report(options.files)
        print(text) if options.out is None else options.out.write_text(text)


def _run(options) -> None:
    os.environ.update(ONE_THREAD)
    results = Results(options.out)
    stop_at = time.monotonic() + options.budget
    sets = chosen("--sets", options.sets, {"all": list(BY_NAME)})
    methods = chosen("--methods", options.methods, {"all": list(METHODS)})
    for set_name in sets:
        for seed in range(options.seeds):
            for method in methods:
                if method.endswith("preset") and not preset_differs(BY_NAME[set_name]):
                    continue
                Training(options, results, set_name, method, stop_at, seed).run()


if __name__ == "__main__":
    main()
