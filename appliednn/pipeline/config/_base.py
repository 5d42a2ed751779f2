"""What every section of a config shares: closed keys, strict types, no infinities."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A mapping of a config: unknown keys are errors, ``"5"`` is not 5, values are fixed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Label = str | int | float | bool


def one_of(options: tuple[str, ...], what: str, *, ignore_case: bool = False) -> Any:
    """Return an annotated ``str`` that takes only these names.

    A ``Literal`` of a hundred names would put all of them into each message; this says what kind
    of name was expected and leaves the suggestion to the loader.
    """
    known = {name.lower() if ignore_case else name for name in options}

    def check(value: str) -> str:
        if (value.lower() if ignore_case else value) in known:
            return value
        raise PydanticCustomError(
            "unknown_name", "{what} {value} is not known", {"what": what, "options": list(options)}
        )

    listed = sorted(
        dict.fromkeys(options), key=lambda name: name[0].isupper()
    )  # house names first
    schema = {"type": "string", "examples" if ignore_case else "enum": listed}
    return Annotated[str, AfterValidator(check), WithJsonSchema(schema)]
