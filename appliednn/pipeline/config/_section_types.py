"""From a registry table to pydantic: the type of a parameter, and the model of a class."""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model
from pydantic_core import PydanticCustomError

from appliednn.pipeline.config._base import Label, Section, one_of
from appliednn.pipeline.registry._tables import names

# Lists of names that a table's "enum" may refer to: what each name is, whether case counts.
_NAMES = {
    "scorers": ("scorer", True),
    "activations": ("activation", True),
    "initializers": ("initialiser", True),
    "optimizers": ("optimiser", False),
    "classifier_losses": ("loss", True),
    "regressor_losses": ("loss", True),
}
_JSON_TYPES: dict[str, Any] = {"boolean": bool, "string": str, "null": None}
_BOUNDS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}


class ModelSection(Section):
    """An estimator by name; its other keys are constructor parameters."""

    def parameters(self) -> dict[str, Any]:
        """Return the constructor parameters that were written, and only those.

        A parameter that was not written keeps the library's default. Layer sizes come as a tuple,
        as scikit-learn's estimators expect them.
        """
        given = self.model_dump(exclude_unset=True, include=set(self.parameter_names()))
        sizes = given.get("hidden_layer_sizes")
        return given if sizes is None else {**given, "hidden_layer_sizes": tuple(sizes)}

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Return the names of the constructor parameters that a config may set."""
        return [name for name in cls.model_fields if name != "type"]

    @property
    def bags(self) -> int | None:
        """Number of networks that are trained on all folds but one each; None: no bagging."""
        return None


class NetworkSection(ModelSection):
    """A network of ours, which a config may also bag."""

    n_bags: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="Train so many networks, each on all folds but one, and average them; null: "
        "one network.",
    )

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Return the names of the network's constructor parameters."""
        return [name for name in super().parameter_names() if name != "n_bags"]

    @property
    def bags(self) -> int | None:
        """Number of networks that are trained on all folds but one each; None: no bagging."""
        return self.n_bags


def from_table(
    name: str,
    table: dict[str, dict[str, Any]],
    base: type[ModelSection] = ModelSection,
    **fields: Any,
) -> type[ModelSection]:
    """Return the pydantic model of a class whose parameters stand in a registry table.

    Parameters
    ----------
    name : str
        Name of the class in the registry.
    table : dict
        As :func:`appliednn.pipeline.registry.parameters` gives it.
    base : type
        What it is a subclass of.
    **fields
        Further fields, as ``pydantic.create_model`` takes them; ``doc`` is its summary.
    """
    doc = fields.pop("doc", f"{name}.")
    for key, spec in table.items():
        default = ... if spec.get("required") else spec["default"]
        described = Field(default, description=spec.get("text"))
        fields[key] = (annotation(spec["any_of"]), described)
    return create_model(f"{name}Config", __base__=base, __doc__=doc, **fields)


def annotation(any_of: list[dict[str, Any]]) -> Any:
    """Return the Python type of the JSON Schema fragments of a registry table."""
    counts = any(fragment.get("type") == "integer" for fragment in any_of)
    return reduce(or_, [_alternative(fragment, counts) for fragment in any_of])


def _alternative(fragment: dict[str, Any], counts: bool) -> Any:
    """Return the type of one fragment; where a whole number counts, a share needs its point."""
    if "enum" in fragment:
        values = fragment["enum"]
        return _named(values) if isinstance(values, str) else Literal[tuple(values)]
    kind = fragment["type"]
    if kind in _JSON_TYPES:
        return _JSON_TYPES[kind]
    if kind in ("array", "object"):
        return _container(fragment)
    bounds = {_BOUNDS[k]: v for k, v in fragment.items() if k in _BOUNDS}
    if kind == "integer":
        return Annotated[int, Field(**bounds)]
    if counts:
        return Annotated[float, BeforeValidator(_written_with_point), Field(**bounds)]
    return Annotated[float, Field(**bounds)]


def _container(fragment: dict[str, Any]) -> Any:
    """Return the type of a list or a mapping, with that of its items where the fragment says."""
    keys: Any = str if "propertyNames" in fragment else Label
    inner = fragment.get("items") or fragment.get("additionalProperties")
    items: Any = annotation([inner]) if inner else Any
    return list[items] if fragment["type"] == "array" else dict[keys, items]


@cache
def _named(kind: str) -> Any:
    what, case_counts = _NAMES[kind]
    known = names(kind) if case_counts else tuple(name.lower() for name in names(kind))
    return one_of(known, what, ignore_case=not case_counts)


def _written_with_point(value: Any) -> Any:
    """Refuse 1 where 1.0 means a share: pydantic would quietly make one the other."""
    if isinstance(value, int):
        raise PydanticCustomError("whole_number", "expected a number with a decimal point")
    return value


def json_of(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's table entry as JSON Schema, names written out.

    Examples
    --------
    >>> json_of({"any_of": [{"type": "integer", "minimum": 1}], "default": 3, "text": "Rows."})
    {'type': 'integer', 'minimum': 1, 'default': 3, 'description': 'Rows.'}
    """
    parts = [_written_out(fragment) for fragment in spec["any_of"]]
    made = dict(parts[0]) if len(parts) == 1 else {"anyOf": parts}
    if "default" in spec:
        made["default"] = spec["default"]
    if "text" in spec:
        made["description"] = spec["text"]
    return made


def _written_out(fragment: dict[str, Any]) -> dict[str, Any]:
    kind = fragment.get("enum")
    if not isinstance(kind, str):
        return fragment
    return {"type": "string", "enum" if _NAMES[kind][1] else "examples": list(names(kind))}
