"""What each kind of computation can be told: checked, and bounded, before a task is stored."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, JsonValue, ValidationError, model_validator

from app.core.errors import InvalidInputError
from app.utils.base_model import InputModel

UNKNOWNS = 60
Row = Annotated[list[float], Field(min_length=1, max_length=UNKNOWNS)]


class Parameters(InputModel):
    """The base of them all: numbers are numbers, and finite."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Equations(Parameters):
    """Solve linear equations."""

    coefficients: list[Row] = Field(min_length=1, max_length=UNKNOWNS)
    """A row for each equation, a column for each unknown."""
    constants: Row

    @model_validator(mode="after")
    def check_shape(self) -> Self:
        """Refuse what is no square with a constant beside each row."""
        lengths = {len(self.constants), *map(len, self.coefficients)}
        if lengths != {len(self.coefficients)}:
            raise ValueError("there must be as many unknowns as equations, and a constant for each")
        return self


class Mandelbrot(Parameters):
    """Measure the area of the Mandelbrot set."""

    columns: int = Field(ge=10, le=2_000)
    iterations: int = Field(ge=10, le=2_000)


class Primes(Parameters):
    """Count the primes up to a limit."""

    limit: int = Field(ge=2, le=10_000_000_000)


class Queens(Parameters):
    """Count the ways in which queens can stand on a board without attacking each other."""

    size: int = Field(ge=1, le=14)


class Words(Parameters):
    """Count the words of a text."""

    text: str = Field(max_length=100_000)
    most: int = Field(default=10, ge=1, le=50)


PARAMETERS: dict[str, type[Parameters]] = {
    each.__name__.lower(): each for each in (Equations, Mandelbrot, Primes, Queens, Words)
}


def check_parameters(kind: str, parameters: dict[str, JsonValue]) -> dict[str, Any]:
    """Return the parameters with their defaults; raises InvalidInputError."""
    form = PARAMETERS.get(kind)
    if form is None:
        raise InvalidInputError(f"kind: choose one of {', '.join(PARAMETERS)}", field="kind")
    try:
        return form.model_validate(parameters).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(("parameters", *map(str, first["loc"])))
        reason = first["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"{field}: {reason}", field=field) from error
