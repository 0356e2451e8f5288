"""Text from outside becomes harmless text: nothing in it is markup, a link, a mention, or a mark of ours. Pure.

Sources: ServiceNow, "Journal field type" (text between [code] and [/code] is shown as HTML) and its mentions, `@[…]`;
Jira takes text nodes, in which nothing is markup (Atlassian Document Format), but mails make links of addresses.
What was changed is seen to be changed: nothing is replaced by something that looks the same.
"""

import re

_BRACKETS = re.compile(r"\[\d{1,3}\]|[\[\]]")
"""Those around a number stay, as in `redirectUris[0]`."""
_LINK = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
_MARK = re.compile(r"(registrar)\s*:", re.IGNORECASE)


def defused(text: str, most: int) -> str:
    """Return a text from outside as one line, cut to so many characters."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text[: most + 1])
    if len(shown) > most:
        shown = f"{shown[: most - 1]}…"
    shown = _BRACKETS.sub(lambda found: {"[": "(", "]": ")"}.get(found[0], found[0]), shown)
    shown = _LINK.sub(lambda found: f"{found[0]} ", shown)
    return _MARK.sub(r"\1;", shown)
