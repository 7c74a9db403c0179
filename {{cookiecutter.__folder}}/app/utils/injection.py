"""Give handlers and jobs what their parameters ask for, by type."""

from collections.abc import Collection, Mapping
from typing import Any, get_type_hints

Parameters = Mapping[str, type]
"""The parameters of a function: name to type."""


class InjectionError(TypeError):
    """A handler or a job asks for something that the service does not have."""


def read_parameters(function: Any) -> Parameters:
    """Return the annotated parameters of a function.

    Raises InjectionError when an annotation names something that does not exist.
    """
    try:
        hints = get_type_hints(function)
    except NameError as error:
        raise InjectionError(f"{function.__qualname__}: {error}") from error
    return {name: hint for name, hint in hints.items() if name != "return"}


def check_parameters(function: Any, available: Collection[type]) -> None:
    """Raise InjectionError when a parameter asks for a type that is not available."""
    for name, kind in read_parameters(function).items():
        if kind not in available:
            known = ", ".join(sorted(each.__name__ for each in available))
            raise InjectionError(
                f"{function.__qualname__} asks for {name}: {getattr(kind, '__name__', kind)}, "
                f"which is none of: {known}"
            )


def pick_arguments(parameters: Parameters, values: Mapping[type, object]) -> dict[str, object]:
    """Return the arguments for these parameters out of the values, found by type."""
    return {name: values[kind] for name, kind in parameters.items()}
