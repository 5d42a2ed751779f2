import resource
import subprocess
import sys
from pathlib import Path

import pytest

CREDIT = str(Path(__file__).parents[1] / "pipelines" / "credit.yaml")
HEAVY = ("numpy", "pandas", "scipy", "sklearn", "keras", "tensorflow", "matplotlib", "rich")
QUICK = (["--help"], ["--version"], ["validate", CREDIT], ["schema"], ["schema", "model.Ridge"])


@pytest.mark.parametrize("arguments", QUICK, ids=lambda a: " ".join(a[:1]))
def test_quick_verbs_load_no_data_or_network_library(arguments):
    code = (
        "import sys; from appliednn.cli import main; code = main(sys.argv[1:]); "
        f"heavy = [m for m in {HEAVY} if m in sys.modules]; "
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", QUICK[:4], ids=lambda a: " ".join(a[:1]))
def test_quick_verbs_answer_in_half_a_second(arguments):
    """Processor time, the best of three: other work on the machine does not count."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "appliednn.cli", *arguments], capture_output=True, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.5
