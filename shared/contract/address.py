"""Addresses of people in requests and in policy: a userPrincipalName or a mail address. Pure."""

import re

ADDRESS_PATTERN = r"^[A-Za-z0-9._!#^~%+'-]+@[A-Za-z0-9.-]+$"
"""Characters of a userPrincipalName: letters A to Z, digits and ' . - _ ! # ^ ~ (Microsoft Learn, "Password policies
and account restrictions", username policies), with #EXT# for guests; and % and +, which mail addresses may contain."""
_LOCAL, _DOMAIN = re.compile(r"[A-Za-z0-9._!#^~%+'-]"), re.compile(r"[A-Za-z0-9.-]+")


def why_no_address(text: str) -> str | None:
    """Return why a text is neither a userPrincipalName nor a mail address, as the end of a sentence; None if valid."""
    name, at, domain = text.rpartition("@")
    if not at or not name or "@" in name:
        return "it is not an address such as ada@contoso.com"
    strange = next((each for each in text if not each.isascii()), None)
    if strange is not None and (strange.isalpha() or not strange.isprintable()):
        shown = strange if strange.isprintable() else ascii(strange)[1:-1]
        return (
            f"it has the letter {shown}, and an address in Entra ID has only the letters A to Z without accents. Give "
            "the userPrincipalName as Entra ID shows it"
        )
    strange = next((each for each in name if not _LOCAL.fullmatch(each)), None)
    if strange is not None:
        shown = strange if strange.isprintable() and strange != " " else "a space or control character"
        return f"before the @ it has {shown}; a user name in Entra ID has letters, digits and ' . - _ ! # ^ ~ only"
    return None if _DOMAIN.fullmatch(domain) else "what follows the @ is not a domain"


def why_nobodys(address: str) -> str | None:
    """Return why no Entra ID user can have this address, although stored requests may contain it; None if valid."""
    name, _, domain = address.rpartition("@")
    if name.endswith("."):
        return "a dot stands right before the @, which no userPrincipalName has"
    if name.startswith(".") or not all(domain.split(".")):
        return "a dot stands at an end of its name or domain, or twice in the domain"
    return None
