"""One bad message from (unit, index) alone, so that any single one can be made again."""

import base64
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from tests.chaos.bad_input import mutations
from tests.chaos.bad_input.judge import readable_fields, valid_request
from tests.chaos.bad_input.texts import DATES, INJECTIONS, KNOWN_NAMES, NO_NUMBERS, nasty

LIMIT = 32 * 1024
QUEUE_LIMIT = 64 * 1024
"""Bytes that a storage queue's message holds (Microsoft Learn, "Scalability and performance targets")."""
_ENVELOPE = 256
"""More than the SDK writes around a message's text."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What storage queues, whose messages travel in XML 1.0, cannot carry."""
_METADATA = frozenset({"dequeuecount", "expirationtime", "id", "insertiontime", "nextvisibletime", "popreceipt"})
"""Of a queue trigger: members of a JSON payload by these names hide it (WebJobs SDK, binding data)."""
_BASE64_SHARE = 0.12
_SPOILED_SHARE = 0.85
"""Of mutations that the contract forgives: each costs a whole registration, so most are made invalid after all."""


@dataclass(frozen=True)
class Message:
    """A message and which kind of bad it is."""

    unit: str
    index: int
    kind: str
    body: bytes

    @property
    def text(self) -> str | None:
        """The body as a queue holds it, None when it is no text at all."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            return None

    @property
    def hides_metadata(self) -> bool:
        """Whether the host hands its function this payload's word for what the queue says of the message."""
        members = readable_fields(self.body) if self.body.lstrip().startswith(b"{") else {}
        return any(name.casefold() in _METADATA for name in members)

    def for_a_queue(self) -> "Message":
        """The same as a queue can hold it: text that XML can carry, everything else as base64.

        A message's size is counted as it travels: every `&` and `<` escaped, and the XML around it.
        """
        text, room = self.text, QUEUE_LIMIT - _ENVELOPE
        if text is not None and not _NOT_XML.search(text) and len(escape(text).encode()) <= room:
            return self
        return replace(self, body=base64.b64encode(self.body[: room * 3 // 4]))

    @property
    def name(self) -> str:
        """What to say in a report: which message, and how to see it again."""
        return f"message {self.index} ({self.kind}; python -m tests.chaos.bad_input {self.unit} {self.index})"


def message(unit: str, index: int) -> Message:
    """Make one message. The same unit and index always give the same bytes."""
    dice = random.Random(f"{unit}/{index}")
    (kind, make), *_ = dice.choices(list(_KINDS.items()), weights=_WEIGHTS)
    request_id = f"{unit.replace('/', '-')}-{index}"
    body = make(dice, request_id)
    if kind not in ("valid", "reaching") and dice.random() < _SPOILED_SHARE and valid_request(body) is not None:
        body = body.rstrip()[:-1] + b',"spoiled":0}'
    if kind != "valid" and dice.random() < _BASE64_SHARE:
        kind, body = f"base64 of {kind}", _wrapped(dice, body)
    return Message(unit, index, kind, body[:QUEUE_LIMIT])


def _request(dice: random.Random, request_id: str) -> dict[str, object]:
    return mutations.valid_request(request_id, dice.randrange(mutations.APPS))


def _text_of(
    change: Callable[[random.Random, dict[str, object]], dict[str, object]],
) -> Callable[[random.Random, str], bytes]:
    def make(dice: random.Random, request_id: str) -> bytes:
        text = mutations.spelled(dice, change(dice, _request(dice, request_id)))
        return text.encode("utf-8", "surrogatepass")

    return make


def _random_bytes(dice: random.Random, _request_id: str) -> bytes:
    size = dice.choice((0, 1, 2, 7, 64, 400, 5000))
    if dice.random() < 0.5:
        return dice.randbytes(size)
    return bytes(dice.choices(b'{}[]",:\\ \n\tnulltruefalse0123456789.eE+-', k=size))


def _broken_text(dice: random.Random, request_id: str) -> bytes:
    """JSON with an accident: cut, a character lost or put in, something behind it, comments, single quotes."""
    text = json.dumps(_request(dice, request_id))
    at = dice.randrange(len(text))
    return dice.choice((
        text[:at],
        text[:at] + text[at + 1 :],
        text[:at] + chr(dice.randrange(1, 0x100)) + text[at:],
        text[:at] + dice.choice(INJECTIONS) + text[at:],
        text + dice.choice((text, "x", "\x00", "]", ",", "//", "\n{}")),
        text.replace('"', "'"),
        f"// {nasty(dice)}\n{text}",
        text.replace("180", dice.choice(NO_NUMBERS)),
        text[:-1] + ",}",
        text.replace(": ", " = "),
        f"[{text}]",
        json.dumps(text),
        f"data={text}",
    )).encode("utf-8", "surrogatepass")  # fmt: skip


def _huge(dice: random.Random, request_id: str) -> bytes:
    """A request of nearly, exactly or hardly more than what is allowed, or a queue can hold."""
    request = _request(dice, request_id)
    size = dice.choice((LIMIT, QUEUE_LIMIT)) + dice.choice((-1, 0, 1, 700))
    bare = json.dumps(request).encode()
    room = size - len(bare)
    match dice.randrange(5):
        case 0:
            return bare + b" " * room
        case 1:
            return bare[:1] + b"\n" * room + bare[1:]
        case 2:
            filler = dice.choice(("a", "\xe4", "\U0001f600", "\x1f", "\u202e"))
            field = json.dumps(filler * (room // len(json.dumps(filler))), ensure_ascii=dice.random() < 0.5)
            return (f'{{"{dice.choice(KNOWN_NAMES)}": {field}, '.encode() + bare[1:])[:size]
        case 3:
            return b"{" + _members(dice, room) + bare[1:]
        case _:
            items = ",".join(json.dumps(nasty(dice)[:100]) for _ in range(room // 60))
            return bare.replace(b'"Read.Write"', items.encode())


def _members(dice: random.Random, room: int) -> bytes:
    """As many unknown fields as there is room for, with long names of one kind of letter; some stand twice."""
    letter = dice.choice(("x", "\xe9", "\U0001f600", "\u0430", "'", "\x85", "\\u0001", "\\ud800"))
    name, members = letter * dice.choice((1, 9, 90)), b""
    while len(member := f'"{name}{len(members)}":0,'.encode()) * 2 <= room - len(members):
        members += member * dice.choice((1, 1, 1, 2))
    return members


def _nested(dice: random.Random, request_id: str) -> bytes:
    """Brackets within brackets, closed or not, in the place of a known field or of the whole."""
    depth = dice.choice((30, 64, 65, 500, 990, 2000, 5000, 16000))
    opening, closing = dice.choice((("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ('{"a":1,"a":', "}")))
    inner = opening * depth + dice.choice(("1", "null", "")) + closing * dice.choice((depth, depth, depth - 1, 0))
    if dice.random() < 0.3:
        return inner.encode()
    text = json.dumps(_request(dice, request_id))
    target = dice.choice(('"ada@contoso.example"', "180", '["Read.Write"]', f'"{request_id}"', "true"))
    return text.replace(target, inner, 1).encode()


def _misencoded(dice: random.Random, request_id: str) -> bytes:
    """A request with some letters beyond ASCII in an encoding that is not UTF-8, or in bad UTF-8."""
    request = _request(dice, request_id)
    request["owner"] = dice.choice(("\xe4\xf6\xfc\xdf@contoso.example", "\u20ac", "\xe9"))
    text = json.dumps(request, ensure_ascii=False)
    codec = dice.choice((
        "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7", "cp037",
        "overlong", "surrogates", "cut",
    ))  # fmt: skip
    match codec:
        case "overlong":
            return text.encode().replace(b"/", b"\xc0\xaf").replace(b"a", b"\xc1\xa1")
        case "surrogates":
            return text.encode().replace(b"Fuzz", b"\xed\xa0\x80\xed\xb0\x80")
        case "cut":
            return text.encode().replace("\xe4".encode(), b"\xc3")
        case _:
            return text.encode(codec, "replace")


def _forged(dice: random.Random, request_id: str) -> bytes:
    """Imitations of what only we send: work, kept failures, answers; most hide what the queue says of the message."""
    made: dict[str, object] = dice.choice((
        {"schemaVersion": "1", "operationId": "0" * 32, "generation": 1},
        {"schemaVersion": "1", "reason": "failed", "operationId": None, "generation": 1, "attempts": 0, "original": {}},
        {"specversion": "1.0", "id": "1", "source": "/entra-registrar", "data": {"status": "completed"}},
        _request(dice, request_id),
    ))  # fmt: skip
    hidden = dice.choice(("DequeueCount", "InsertionTime", "insertiontime", "ExpirationTime", "Id", "id", "PopReceipt"))
    value = dice.choice((nasty(dice), dice.choice(DATES), 1, {"a": 1}, "1"))
    return json.dumps(made | {hidden: value}).encode()


def _wrapped(dice: random.Random, body: bytes) -> bytes:
    """Base64, as older storage SDKs send it: also spoiled, in lines, for URLs, and of itself."""
    plain = base64.b64encode(body)
    return dice.choice((
        plain,
        plain,
        plain,
        base64.urlsafe_b64encode(body),
        plain.rstrip(b"="),
        plain + b"\n",
        b" " + plain + b"===",
        base64.encodebytes(body),
        base64.b64encode(plain),
        plain[:-3],
        plain + b"\xff",
    ))  # fmt: skip


type Maker = Callable[[random.Random, str], bytes]

_KINDS: dict[str, Maker] = {
    "mutated": _text_of(mutations.mutated),
    "injected": _text_of(mutations.injected),
    "reaching": _text_of(mutations.reaching),
    "look-alike": _text_of(mutations.looking_alike),
    "valid": _text_of(lambda _, request: request),
    "random": _random_bytes,
    "broken": _broken_text,
    "huge": _huge,
    "nested": _nested,
    "misencoded": _misencoded,
    "forged": _forged,
}
_WEIGHTS: Sequence[float] = (40, 14, 0.7, 9, 0.3, 7, 10, 4, 5, 9, 1)
