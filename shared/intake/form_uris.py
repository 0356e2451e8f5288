r"""URIs as people write them into forms: as an editor's links, with escapes such as `\_`, in a list. Pure."""

import re

from shared.core.text import echo
from shared.intake.form_values import texts_of
from shared.intake.rich_text import Line, NotUnderstoodError, Run

_BULLET = re.compile(r"(?:[-*\u2022]|[0-9]{1,2}[.)])\s+")
_WIKI = re.compile(r"\[(?:([^\[\]|]*)\|)?([^\[\]|]+?)(?:\|smart-(?:link|card|embed))?\]")
"""`[url]`, `[shown|url]` and `[shown|url|smart-link]`: Atlassian, "Wiki markup", links."""
_MARKDOWN = re.compile(r"\[([^\[\]]*)\]\(([^()\s]+)\)")
_ANGLED = re.compile(r"<([^<>\s]+)>")
_ESCAPED = re.compile(r"\\([-_*~.#+!?=&%(){}\[\]|`>^:/@])")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def uris_of(value: object) -> list[str]:
    """Read one URI from each line, or from each entry of a list. Raises NotUnderstoodError."""
    return [uri for line in texts_of(value) if (uri := _uri(line))]


def _uri(line: Line) -> str:
    runs = [run for run in line if run.text.strip()]
    if any(run.link is not None for run in runs):
        return _of_links(runs)
    text = _BULLET.sub("", "".join(run.text for run in runs).strip(), count=1)
    for form in (_WIKI, _MARKDOWN):
        if (found := form.fullmatch(text)) is not None:
            return _linked(found[1] or "", found[2])
    if (found := _ANGLED.fullmatch(text)) is not None:
        text = found[1]
    return _ESCAPED.sub(r"\1", text)


def _of_links(runs: list[Run]) -> str:
    """Return the target of one link; editors split it where its formatting changes."""
    links = {run.link for run in runs}
    link = next(iter(links))
    shown = "".join(run.text for run in runs).strip()
    if len(links) > 1 or link is None:
        raise NotUnderstoodError(f"{echo(shown)} is more than one link. Write each URI on a line of its own.")
    return _linked(shown, link)


def _linked(shown: str, url: str) -> str:
    """Return a link's target. Raises NotUnderstoodError if it shows a different URI."""
    shown, url = (_ESCAPED.sub(r"\1", text.strip()) for text in (shown, url))
    if shown and url.startswith("smart-"):
        return shown
    if _URI.match(shown) and shown.rstrip("/") != url.rstrip("/"):
        raise NotUnderstoodError(f"A link shows {echo(shown)} and leads to {echo(url)}. Write the URI as plain text.")
    return url
