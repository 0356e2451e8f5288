"""The types of Graph v1.0 that this double serves, as its `$metadata` declares them.

`TYPES[type][property]` is `String`, `Boolean`, `Guid`, `DateTimeOffset`, `Int32`, `Binary`, the name of another
type here, or `Collection(...)` of one of them. Source: Microsoft Graph's published schema, v1.0.
"""

from devstack.doubles.graph.schema.objects import OBJECTS
from devstack.doubles.graph.schema.parts import PARTS
from devstack.doubles.graph.schema.policies import POLICIES

TYPES: dict[str, dict[str, str]] = OBJECTS | POLICIES | PARTS

_DERIVED = ("application", "servicePrincipal", "user")


def properties_of(type_name: str) -> dict[str, str]:
    """The properties that may be selected; of directoryObject, the abstract base, those of its derived types too."""
    if type_name != "directoryObject":
        return TYPES[type_name]
    return {name: declared for derived in _DERIVED for name, declared in TYPES[derived].items()}


def element_type(declared: str) -> str:
    """The type of one element of a collection, or the type itself."""
    return declared.removeprefix("Collection(").removesuffix(")")


def is_collection(declared: str) -> bool:
    """Return whether a property of this type holds a list."""
    return declared.startswith("Collection(")


def resource_name(type_name: str) -> str:
    """How the directory's own messages write a type: `application` is `Application`."""
    return type_name[0].upper() + type_name[1:]
