"""Problems with the query parameters of an HTTP request, shared by all routes. Pure."""

from collections.abc import Mapping, Sequence

from shared.core.errors import Problem
from shared.core.text import echo


def unknown_parameters(parameters: Mapping[str, str], known: Sequence[str]) -> list[Problem]:
    """Return a problem for each unknown parameter."""
    return [
        Problem(name, "unknown_parameter", f"There is no parameter {echo(name)}. Use one of {', '.join(known)}.")
        for name in parameters
        if name not in known
    ]


def invalid_limit(most: int, usual: int) -> Problem:
    """Return the problem that says how many items a page may have."""
    message = f"Give the number of items per page, from 1 to {most}, for example limit={usual}."
    return Problem("limit", "invalid_parameter", message)
