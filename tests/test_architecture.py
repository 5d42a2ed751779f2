"""The house keeps its own rules: floors, the backend seam, short files."""

import ast
from pathlib import Path

import pytest

import appliednn

PACKAGE = Path(appliednn.__file__).parent
FLOORS = {
    "core": 0,
    "datasets": 0,
    "tabular": 1,
    "anomaly": 1,
    "series": 1,
    "text": 1,
    "reinforcement": 1,
    "ensemble": 1,
    "search": 1,
    "impute": 2,
    "imbalance": 2,
    "robustness": 2,
    "explain": 2,
    "fairness": 2,
    "uncertainty": 2,
    "diagnostics": 2,
    "audit": 3,
    "pipeline": 4,
    "cli": 5,
}
FILES = sorted(PACKAGE.rglob("*.py"))


def imported(path):
    """Yield (module, line) of every import in a file, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module, node.lineno


def room_of(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def test_every_folder_is_a_room_with_a_floor():
    rooms = {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").is_file()}
    assert rooms <= set(FLOORS)


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_imports_from_its_own_or_lower_floors_only(room):
    upward = []
    for path in FILES:
        if room_of(path) != room:
            continue
        for module, line in imported(path):
            parts = (module or "").split(".")
            if parts[0] == "appliednn" and len(parts) > 1:
                floor = FLOORS.get(parts[1], 0)
                if floor > FLOORS[room]:
                    upward.append(f"{path.relative_to(PACKAGE)}:{line} imports {module}")
    assert upward == []


def test_only_the_backend_seam_imports_tensorflow():
    seam = PACKAGE / "core" / "backend"
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in FILES
        for module, line in imported(path)
        if (module or "").split(".")[0] == "tensorflow" and seam not in path.parents
    ]
    assert found == []


def test_files_have_at_most_400_lines():
    long = {
        str(path.relative_to(PACKAGE)): n
        for path in FILES
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
