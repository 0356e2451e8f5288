"""What the doubles know: JSON documents in collections, with their past, optionally kept on disk.

The past is what makes replication lag real: a reader who is served by a lagging replica sees the documents
as they were some seconds ago (`Documents.view`), through the same interface as the primary.
"""

import copy
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

type Document = dict[str, Any]

_HISTORY_SECONDS = 3600.0
"""How far back a view may look; older versions are forgotten when a document is next written."""


class Documents:
    """Collections of documents by id, written through to SQLite when a file is given.

    Documents go in and come out as copies, so nobody changes the store by accident. `indexed` names, per
    collection, the top-level fields (strings or lists of strings) `find` may be asked for. Collections in
    `without_past` have none: whoever reads them sees them as they are, and what is deleted takes no room.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        file: Path | None = None,
        indexed: dict[str, tuple[str, ...]] | None = None,
        without_past: frozenset[str] = frozenset(),
    ) -> None:
        self._clock = clock
        self._indexed = indexed or {}
        self._without_past = without_past
        self._past: dict[str, dict[str, list[tuple[float, Document | None]]]] = defaultdict(dict)
        self._index: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._database: sqlite3.Connection | None = None
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS documents"
                " (collection TEXT, id TEXT, body TEXT, PRIMARY KEY (collection, id))"
            )
            for collection, key, body in self._database.execute("SELECT collection, id, body FROM documents"):
                self._remember(collection, key, json.loads(body), written_at=float("-inf"))

    def put(self, collection: str, key: str, document: Document, *, since_ever: bool = False) -> None:
        """Create or replace one document, now; or as if it had always been so, visible to the oldest replica."""
        written_at = float("-inf") if since_ever or collection in self._without_past else self._clock()
        self._remember(collection, key, copy.deepcopy(document), written_at)
        if self._database is not None:
            self._database.execute(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (collection, key, json.dumps(document))
            )

    def delete(self, collection: str, key: str) -> None:
        """Remove one document, now; views of the past still show it. Unknown keys are ignored."""
        if collection in self._without_past:
            if self._past[collection].pop(key, None) is None:
                return
        elif self.view().get(collection, key) is None:
            return
        else:
            self._past[collection][key].append((self._clock(), None))
        if self._database is not None:
            self._database.execute("DELETE FROM documents WHERE collection = ? AND id = ?", (collection, key))

    def clear(self) -> None:
        """Forget everything, the past included."""
        self._past.clear()
        self._index.clear()
        if self._database is not None:
            self._database.execute("DELETE FROM documents")

    def view(self, as_of: float | None = None) -> "View":
        """The documents as of a moment (seconds on the stack clock), or as they are now."""
        return View(self, as_of)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._database is not None:
            self._database.close()

    def _remember(self, collection: str, key: str, document: Document, written_at: float) -> None:
        past = self._past[collection].setdefault(key, [])
        past.append((written_at, document))
        horizon = written_at - _HISTORY_SECONDS
        while len(past) > 1 and past[1][0] <= horizon:
            del past[0]
        for field in self._indexed.get(collection, ()):
            for value in _folded(document.get(field)):
                self._index[(collection, field, value)].add(key)

    def _at(self, collection: str, key: str, as_of: float | None) -> Document | None:
        past = self._past[collection].get(key, [])
        for written_at, document in reversed(past):
            if as_of is None or written_at <= as_of:
                return document
        return None

    def _candidates(self, collection: str, field: str, value: str) -> set[str]:
        if field not in self._indexed.get(collection, ()):
            raise KeyError(f"{collection}.{field} is not indexed")
        return self._index[(collection, field, value.casefold())]

    def _keys(self, collection: str) -> list[str]:
        return list(self._past[collection])


class View:
    """A read-only look at the documents as of one moment."""

    def __init__(self, documents: Documents, as_of: float | None) -> None:
        self._documents = documents
        self._as_of = as_of

    def get(self, collection: str, key: str) -> Document | None:
        """A copy of one document, or None."""
        found = self._documents._at(collection, key, self._as_of)  # pyright: ignore[reportPrivateUsage]
        return copy.deepcopy(found)

    def all(self, collection: str) -> Iterator[Document]:
        """Copies of all documents of a collection, in the order in which they were first written."""
        for key in self._documents._keys(collection):  # pyright: ignore[reportPrivateUsage]
            found = self.get(collection, key)
            if found is not None:
                yield found

    def scan(self, collection: str) -> Iterator[Document]:
        """The documents of a collection as they are kept, not copies: to look at many, never to change one."""
        documents = self._documents
        for key in documents._keys(collection):  # pyright: ignore[reportPrivateUsage]
            found = documents._at(collection, key, self._as_of)  # pyright: ignore[reportPrivateUsage]
            if found is not None:
                yield found

    def keys(self, collection: str) -> list[str]:
        """The keys of the documents of a collection."""
        documents = self._documents
        keys = documents._keys(collection)  # pyright: ignore[reportPrivateUsage]
        return [key for key in keys if documents._at(collection, key, self._as_of) is not None]  # pyright: ignore[reportPrivateUsage]

    def find(self, collection: str, field: str, value: str) -> list[Document]:
        """Copies of the documents whose indexed `field` is or holds `value`, ignoring case as Entra does."""
        keys = self._documents._candidates(collection, field, value)  # pyright: ignore[reportPrivateUsage]
        found = [self.get(collection, key) for key in sorted(keys)]
        return [d for d in found if d is not None and value.casefold() in _folded(d.get(field))]


def _folded(value: object) -> list[str]:
    """The strings in a field, in lower case."""
    items: list[object] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
    return [item.casefold() for item in items if isinstance(item, str)]
