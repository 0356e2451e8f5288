"""HTTP routes: ASP.NET templates with their constraints, and which of them answers a request.

Microsoft Learn, "Routing in ASP.NET Core" (route templates, constraints, precedence).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from devstack.host.errors import BindingError

type Constraint = Callable[[str], bool]

_PARAMETER = re.compile(
    r"{(?P<rest>\*{0,2})(?P<name>[^:=?{}*]+)(?P<constraints>(?::[^=?{}]+)?)(?:=(?P<default>[^{}]*))?(?P<optional>\??)}"
)
_CONSTRAINT = re.compile(r":(\w+)(?:\(([^)]*)\))?")


@dataclass(frozen=True)
class Route:
    """A compiled template. Routes sort by precedence: literal segments come before parameters, a catch-all last."""

    pattern: re.Pattern[str]
    names: tuple[str, ...]
    defaults: dict[str, str]
    constraints: tuple[tuple[str, Constraint], ...]
    precedence: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """The parameters of a path without its leading slash, or None when it is not of this route."""
        found = self.pattern.fullmatch(path.strip("/"))
        if not found:
            return None
        given = {name: value for name, value in zip(self.names, found.groups(), strict=True) if value is not None}
        if any(name in given and not holds(given[name]) for name, holds in self.constraints):
            return None
        return self.defaults | given


def parse_route(template: str) -> Route:
    """Compile a template. Raises BindingError for one that is not understood."""
    pattern, names, defaults, precedence = "", list[str](), dict[str, str](), list[int]()
    constraints: list[tuple[str, Constraint]] = []
    for segment in filter(None, template.strip("/").split("/")):
        parameters = list(_PARAMETER.finditer(segment))
        if "{" in _PARAMETER.sub("", segment):
            raise BindingError(f"the route '{template}' is not understood at '{segment}'")
        text = _segment_pattern(segment)
        may_be_missing = any(one["rest"] or one["optional"] or one["default"] is not None for one in parameters)
        slash = "/" if pattern else ""
        pattern += f"(?:{slash}{text})?" if may_be_missing else slash + text
        precedence.append(_rank(segment, parameters))
        for one in parameters:
            names.append(one["name"])
            constraints += [(one["name"], holds) for holds in _constraints(one["constraints"])]
            if one["default"] is not None:
                defaults[one["name"]] = one["default"]
    return Route(
        re.compile(pattern, re.IGNORECASE | re.DOTALL), tuple(names), defaults, tuple(constraints), tuple(precedence)
    )


def _segment_pattern(segment: str) -> str:
    pattern, position = "", 0
    for one in _PARAMETER.finditer(segment):
        pattern += re.escape(segment[position : one.start()]) + ("(.*)" if one["rest"] else "([^/]+)")
        position = one.end()
    return pattern + re.escape(segment[position:])


def _rank(segment: str, parameters: list[re.Match[str]]) -> int:
    if not parameters:
        return 1
    constrained = any(one["constraints"] for one in parameters)
    if parameters[0]["rest"]:
        return 4 if constrained else 5
    return 2 if constrained or parameters[0].group() != segment else 3


def _constraints(text: str) -> list[Constraint]:
    return [_constraint(name, arguments) for name, arguments in _CONSTRAINT.findall(text)]


def _constraint(name: str, arguments: str) -> Constraint:
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name == "regex":
        expression = re.compile(arguments, re.IGNORECASE)
        return lambda value: expression.search(value) is not None
    if name in _NUMERIC:
        bounds = [int(bound) for bound in arguments.split(",")]
        return lambda value: _NUMERIC[name](value, bounds)
    raise BindingError(f"the route constraint '{name}' is not covered by this host")


def _parses(parse: Callable[[str], object]) -> Constraint:
    def holds(value: str) -> bool:
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return holds


_is_integer = _parses(int)

_SIMPLE: dict[str, Constraint] = {
    "int": lambda value: _is_integer(value) and -(2**31) <= int(value) < 2**31,
    "long": lambda value: _is_integer(value) and -(2**63) <= int(value) < 2**63,
    "float": _parses(float),
    "double": _parses(float),
    "decimal": _parses(float),
    "bool": lambda value: value.lower() in ("true", "false"),
    "guid": _parses(UUID),
    "alpha": lambda value: re.fullmatch("[A-Za-z]*", value) is not None,
    "required": bool,
}

_NUMERIC: dict[str, Callable[[str, list[int]], bool]] = {
    "length": lambda value, bounds: bounds[0] <= len(value) <= bounds[-1],
    "minlength": lambda value, bounds: len(value) >= bounds[0],
    "maxlength": lambda value, bounds: len(value) <= bounds[0],
    "min": lambda value, bounds: _is_integer(value) and int(value) >= bounds[0],
    "max": lambda value, bounds: _is_integer(value) and int(value) <= bounds[0],
    "range": lambda value, bounds: _is_integer(value) and bounds[0] <= int(value) <= bounds[-1],
}
