"""Search spaces: a small grammar for distributions of parameters, as data, and its sampler."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import numpy as np

from appliednn.core.errors import UsageError

_KINDS = (
    "choice",
    "uniform",
    "log_uniform",
    "integer",
    "repeat",
    "one_minus",
    "floor",
    "scaled",
    "value",
)
_EXTRA = {
    "choice": {"weights"},
    "integer": {"step"},
    "repeat": {"times"},
    "floor": {"plus"},
    "scaled": {"by"},
}
_PARTS = {"source", "departures", "estimators", "parameters", "blocks", "classifier", "regressor"}


class SearchSpace:
    """A distribution of parameter settings, described by data.

    A parameter's entry is one of

    - a number, text, boolean or None: that value, always; ``{"value": v}`` for any other value;
    - a list, or ``{"choice": [...]}``: one of the entries, each of which may be a distribution
      itself; all are equally probable unless ``"weights"`` says otherwise;
    - ``{"uniform": [low, high]}``, ``{"log_uniform": [low, high]}``: a float;
    - ``{"integer": [low, high]}``: low, low + step, ... up to high (both included; ``"step"`` is 1
      unless given);
    - ``{"floor": d, "plus": k}``: the largest integer that is not above a draw of d, plus k;
    - ``{"one_minus": d}``: one minus a draw of d;
    - ``{"repeat": d, "times": n}``: a list of n times the same draw of d, where n is a
      distribution as well;
    - ``{"scaled": name, "by": d}``: the value drawn for the parameter ``name``, which stands
      before, times a draw of d, cut to an integer;
    - an object with a method ``rvs(random_state=...)``, as scipy's distributions.

    Parameters
    ----------
    parameters : mapping of str to entry
        Drawn for each candidate, in this order.
    blocks : sequence of dict, default=()
        ``{"probability": p, "parameters": {...}}``: drawn together, or (with probability 1 - p)
        left as they are in the estimator.
    source : str, default=""
        Where the space was published.

    Raises
    ------
    UsageError
        For an entry that is none of the above (its path is named).

    Examples
    --------
    >>> space = SearchSpace(
    ...     {"alpha": {"log_uniform": [1e-3, 1.0]}, "fit_intercept": [True, False]}
    ... )
    >>> draw = space.sample(np.random.default_rng(0))
    >>> sorted(draw), 1e-3 <= draw["alpha"] <= 1.0
    (['alpha', 'fit_intercept'], True)
    """

    def __init__(self, parameters: Mapping[str, Any], blocks: Any = (), source: str = "") -> None:
        self.parameters = dict(parameters)
        self.blocks = tuple(blocks)
        self.source = source
        before: set[str] = set()
        for name, entry in self.parameters.items():
            check_entry(entry, name)
            if isinstance(entry, Mapping) and entry.get("scaled", name) not in {*before, name}:
                raise UsageError(
                    f"{name}: scales {entry['scaled']!r}, which is not drawn before it"
                )
            before.add(name)
        for i, block in enumerate(self.blocks):
            if set(block) != {"probability", "parameters"} or not 0 <= block["probability"] <= 1:
                raise UsageError(
                    f"blocks[{i}] is {block!r}; expected a probability in [0, 1] and parameters"
                )
            for name, entry in block["parameters"].items():
                check_entry(entry, f"blocks[{i}].{name}")

    def sample(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return one candidate's parameters.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of chance.

        Returns
        -------
        dict of str to value
        """
        drawn: dict[str, Any] = {}
        for name, entry in self.parameters.items():
            value = draw(entry, rng)
            if isinstance(entry, Mapping) and "scaled" in entry:
                value = int(drawn[entry["scaled"]] * value)
            drawn[name] = value
        for block in self.blocks:
            if rng.random() < block["probability"]:
                parts = block["parameters"].items()
                drawn.update({name: draw(entry, rng) for name, entry in parts})
        return drawn

    def sample_many(self, n: int, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Return up to ``n`` candidates, no two alike; fewer where the space has no more.

        Parameters
        ----------
        n : int
            Candidates wanted.
        rng : numpy.random.Generator
            Source of chance.

        Returns
        -------
        list of dict
        """
        found: list[dict[str, Any]] = []
        seen: set[str] = set()
        misses = 0
        while len(found) < n and misses < 100 + 10 * n:
            candidate = self.sample(rng)
            key = repr(sorted(candidate.items(), key=lambda item: item[0]))
            if key in seen:
                misses += 1
                continue
            seen.add(key)
            found.append(candidate)
        return found


def published_space(estimator: Any) -> SearchSpace:
    """Return the published search space of one of this package's networks.

    Parameters
    ----------
    estimator : estimator
        Its class decides.

    Returns
    -------
    SearchSpace

    Raises
    ------
    UsageError
        If none was published for it; the estimators that have one are named.

    Examples
    --------
    >>> from appliednn.tabular import MLPClassifier
    >>> sorted(published_space(MLPClassifier()).parameters)[:3]
    ['dropout', 'epochs', 'hidden_layer_sizes']
    """
    name = type(estimator).__name__
    known: list[str] = []
    for entry in sorted(files("appliednn.search").joinpath("spaces").iterdir(), key=_name):
        data = read_space(entry.read_text(encoding="utf-8"), entry.name)
        if name in data["estimators"]:
            own = data.get("regressor" if name.endswith("Regressor") else "classifier", {})
            return SearchSpace(
                {**data["parameters"], **own}, data.get("blocks", ()), data["source"]
            )
        known += data["estimators"]
    raise UsageError(
        f"space='published' was given and no search space was published for {name}; there is one "
        f"for {', '.join(known)}. Give space as a dict of parameter to distribution instead"
    )


def _name(entry: Any) -> str:
    return entry.name


def read_space(text: str, where: str) -> dict[str, Any]:
    """Return a space file's content.

    Raises
    ------
    UsageError
        If it has parts that no space has, or lacks one.
    """
    data = json.loads(text)
    wrong = sorted(set(data) - _PARTS) + sorted({"source", "estimators", "parameters"} - set(data))
    if wrong:
        raise UsageError(f"{where}: {', '.join(wrong)} is unknown or missing in a search space")
    return data


def check_entry(entry: Any, where: str) -> None:
    """Refuse an entry that the grammar does not have.

    Raises
    ------
    UsageError
        With the path of the entry and what is wrong.
    """
    if isinstance(entry, list | tuple):
        entry = {"choice": list(entry)}
    if not isinstance(entry, Mapping):
        return
    kinds = [kind for kind in _KINDS if kind in entry]
    allowed = {kinds[0], *_EXTRA.get(kinds[0], ())} if len(kinds) == 1 else set()
    if len(kinds) != 1 or set(entry) - allowed:
        raise UsageError(
            f"{where}: {dict(entry)!r} is no distribution; expected one of {', '.join(_KINDS)} "
            'as its key (and {"value": ...} for a dict that is meant as it is)'
        )
    _CHECKS.get(kinds[0], _check_inner)(entry, kinds[0], where)


def _check_bounds(entry: Mapping[str, Any], kind: str, where: str) -> None:
    bounds = entry[kind]
    fine = isinstance(bounds, list | tuple) and len(bounds) == 2
    fine = fine and all(isinstance(b, int | float) for b in bounds) and bounds[0] <= bounds[1]
    if fine and kind == "log_uniform":
        fine = bounds[0] > 0
    if fine and kind == "integer":
        fine = all(float(b).is_integer() for b in bounds) and entry.get("step", 1) >= 1
    if not fine:
        raise UsageError(
            f"{where}: {kind} needs [low, high] with low <= high (above 0 for log_uniform, whole "
            f"numbers for integer), got {bounds!r}"
        )


def _check_choice(entry: Mapping[str, Any], kind: str, where: str) -> None:
    options, weights = entry[kind], entry.get("weights")
    if not isinstance(options, list | tuple) or not options:
        raise UsageError(f"{where}: choice needs a list of one option or more, got {options!r}")
    if weights is not None and (len(weights) != len(options) or min(weights) < 0):
        raise UsageError(f"{where}: weights need one number >= 0 for each option, got {weights!r}")
    for i, option in enumerate(options):
        if isinstance(option, Mapping):
            check_entry(option, f"{where}[{i}]")


def _check_inner(entry: Mapping[str, Any], kind: str, where: str) -> None:
    check_entry(entry[kind], f"{where}.{kind}")
    if kind == "repeat":
        if "times" not in entry:
            raise UsageError(f"{where}: repeat needs times")
        check_entry(entry["times"], f"{where}.times")


def _check_scaled(entry: Mapping[str, Any], kind: str, where: str) -> None:
    if "by" not in entry or not isinstance(entry[kind], str):
        raise UsageError(f"{where}: scaled needs the name of a parameter, and by")
    check_entry(entry["by"], f"{where}.by")


def _check_nothing(entry: Mapping[str, Any], kind: str, where: str) -> None:
    """Take any value."""


_CHECKS: dict[str, Callable[[Mapping[str, Any], str, str], None]] = {
    "choice": _check_choice,
    "uniform": _check_bounds,
    "log_uniform": _check_bounds,
    "integer": _check_bounds,
    "scaled": _check_scaled,
    "value": _check_nothing,
}


def draw(entry: Any, rng: np.random.Generator) -> Any:
    """Return one draw of an entry of the grammar (see :class:`SearchSpace`)."""
    if hasattr(entry, "rvs"):
        return entry.rvs(random_state=np.random.RandomState(rng.integers(2**31)))  # noqa: NPY002
    if isinstance(entry, list | tuple):
        entry = {"choice": list(entry)}
    if not isinstance(entry, Mapping):
        return entry
    return _DRAWS[next(kind for kind in _KINDS if kind in entry)](entry, rng)


def _draw_choice(entry: Mapping[str, Any], rng: np.random.Generator) -> Any:
    weights = entry.get("weights")
    p = None if weights is None else np.asarray(weights, float) / np.sum(weights)
    option = entry["choice"][rng.choice(len(entry["choice"]), p=p)]
    # A list among the options is a value (layer sizes), not a choice of its own.
    return draw(option, rng) if isinstance(option, Mapping) else option


def _draw_uniform(entry: Mapping[str, Any], rng: np.random.Generator) -> float:
    return float(rng.uniform(*entry["uniform"]))


def _draw_log_uniform(entry: Mapping[str, Any], rng: np.random.Generator) -> float:
    low, high = entry["log_uniform"]
    return float(np.clip(math.exp(rng.uniform(math.log(low), math.log(high))), low, high))


def _draw_integer(entry: Mapping[str, Any], rng: np.random.Generator) -> int:
    (low, high), step = entry["integer"], entry.get("step", 1)
    return int(low + step * rng.integers(0, (high - low) // step + 1))


def _draw_repeat(entry: Mapping[str, Any], rng: np.random.Generator) -> list[Any]:
    times = draw(entry["times"], rng)
    return [draw(entry["repeat"], rng)] * times


_DRAWS: dict[str, Callable[[Mapping[str, Any], np.random.Generator], Any]] = {
    "choice": _draw_choice,
    "uniform": _draw_uniform,
    "log_uniform": _draw_log_uniform,
    "integer": _draw_integer,
    "repeat": _draw_repeat,
    "one_minus": lambda entry, rng: 1.0 - draw(entry["one_minus"], rng),
    "floor": lambda entry, rng: math.floor(draw(entry["floor"], rng)) + entry.get("plus", 0),
    "scaled": lambda entry, rng: draw(entry["by"], rng),
    "value": lambda entry, rng: entry["value"],
}
