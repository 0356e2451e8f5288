"""Defuses external text: no markup, links, mentions, or marks of ours remain in it. Pure.

Sources: ServiceNow, "Journal field type" (text between [code] and [/code] is shown as HTML) and its mentions, `@[…]`;
Jira takes text nodes, which have no markup (Atlassian Document Format), but its mails turn addresses into links.
Changes are visible: nothing is replaced by a look-alike.
"""

import re

_BRACKETS = re.compile(r"\[\d{1,3}\]|[\[\]]")
"""Brackets around a number are kept, as in `redirectUris[0]`."""
_LINK = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
_MARK = re.compile(r"(registrar)\s*:", re.IGNORECASE)


def defused(text: str, most: int) -> str:
    """Return external text as one harmless line, cut to `most` characters."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text[: most + 1])
    if len(shown) > most:
        shown = f"{shown[: most - 1]}…"
    shown = _BRACKETS.sub(lambda found: {"[": "(", "]": ")"}.get(found[0], found[0]), shown)
    shown = _LINK.sub(lambda found: f"{found[0]} ", shown)
    return _MARK.sub(r"\1;", shown)
