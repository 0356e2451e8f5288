"""The fields of a request by the names that a source's form shows, in what its requesters read. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from shared.core.errors import Problem

type Labels = Mapping[str, str]
"""By path into a request, such as `application.displayName`."""

_ENTRY = re.compile(r"(.+)\[(\d+)\]")


def labelled(problems: Iterable[Problem], labels: Labels) -> tuple[Problem, ...]:
    """Name each problem's field as the form shows it; `field` itself stays the path."""
    return tuple(_labelled(problem, labels) for problem in problems)


@dataclass(frozen=True)
class AnswerContext:
    """What answers say whatever was found: the tenant they are about, and fields as the source's form shows them."""

    tenant_id: str
    labels: Mapping[str, Labels]
    """By source."""

    def labelled(self, problems: Iterable[Problem], source: str) -> tuple[Problem, ...]:
        """Name each problem's field as this source's form shows it."""
        return labelled(problems, self.labels.get(source, {}))


def label_of(field: str, labels: Labels) -> str | None:
    """Return what the form shows for a path, or for the list that it is an entry of; None where nobody said it."""
    if field in labels:
        return labels[field]
    entry = _ENTRY.fullmatch(field)
    named = labels.get(entry[1]) if entry is not None else None
    return f"{named}, entry {int(entry[2]) + 1}" if entry is not None and named is not None else None


def _labelled(problem: Problem, labels: Labels) -> Problem:
    label = label_of(problem.field, labels)
    if label is None:
        return problem
    return replace(problem, label=label, message=problem.message.replace(f"'{problem.field}'", f"'{label}'"))
