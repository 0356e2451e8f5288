"""Labels of request fields as a source's form shows them, for texts its requesters read. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from shared.core.errors import Problem

type Labels = Mapping[str, str]
"""By path into a request, such as `application.displayName`."""

_ENTRY = re.compile(r"(.+)\[(\d+)\]")


def labelled(problems: Iterable[Problem], labels: Labels) -> tuple[Problem, ...]:
    """Refer to each problem's field by its form label; `field` itself stays the path."""
    return tuple(_labelled(problem, labels) for problem in problems)


@dataclass(frozen=True)
class AnswerContext:
    """What all answers need: the tenant id, and the form labels of each source."""

    tenant_id: str
    labels: Mapping[str, Labels]
    """By source."""

    def labelled(self, problems: Iterable[Problem], source: str) -> tuple[Problem, ...]:
        """Refer to each problem's field by its label in this source's form."""
        return labelled(problems, self.labels.get(source, {}))


def label_of(field: str, labels: Labels) -> str | None:
    """Return the form's label for a path, derived from its list for a list entry; None if there is none."""
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
