"""What the receiver of webhooks has taken."""

from devstack.doubles.documents import Document
from devstack.doubles.world import World

MESSAGES = "hookMessages"
"""Messages: `{number, hook, id, headers, body, text, receivedAt, count}`, key = `<hook>/<id>`. `body` is the parsed
JSON, None if it is none; `count` how often the message came."""


def messages(world: World) -> list[Document]:
    """All messages in the order in which they first came."""
    return sorted(world.primary().all(MESSAGES), key=lambda message: message["number"])
