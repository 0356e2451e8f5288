"""A type for secret values that cannot be printed, compared, copied or serialised by accident."""

from typing import NoReturn


class Secret:
    """A value that travels from Graph to Key Vault in memory only.

    Only `reveal` gives access to it. Call it only where the value leaves the process: in the Key Vault adapter and in
    the sign-in that verifies it.
    """

    __slots__ = ("_value",)

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("a secret is not compared: compare key ids")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not serialised")
