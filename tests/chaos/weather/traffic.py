"""What is asked of the registrar in one schedule: ten to twenty-five messages about a handful of apps."""

from random import Random
from typing import Any

from tests.e2e.driver import request

FOREIGN_SECRET = "taken"
"""A credential name under which somebody else's secret lies in the vault."""

_OWNER, _OTHER = "ada@contoso.example", "mallory@contoso.example"
_REDIRECTS = ("https://app.contoso.example/a", "https://app.contoso.example/b")
_TWINS = {"api": "Azure Digital Twins", "delegated": ["Read.Write"], "application": []}
_GRAPH = {"api": "Microsoft Graph", "delegated": ["User.Read"], "application": []}
_FORBIDDEN = {"api": "Microsoft Graph", "delegated": [], "application": ["Application.ReadWrite.All"]}

type Message = dict[str, Any]


class Traffic:
    """Draws the bursts of one schedule; names hold the seed, so that many schedules fit into one tenant."""

    def __init__(self, draw: Random, seed: int) -> None:
        self._draw = draw
        self._seed = seed
        self._sent = 0
        self.apps = [f"w{seed}-app-{number}" for number in range(draw.randint(5, 7))]
        self.foreign_app = f"w{seed}-foreign"

    def first(self) -> list[Message]:
        """Every app for the first time; some messages twice, one app wanted in two ways at once."""
        asked = [self._change(app) for app in self.apps]
        asked.append(self._change(self._draw.choice(self.apps)))
        return self._disturbed(asked)

    def later(self) -> list[Message]:
        """Changes to apps that are there by now, and what must be refused."""
        draw = self._draw
        asked = [self._change(draw.choice(self.apps)) for _ in range(draw.randint(1, 3))]
        if draw.random() < 0.5:
            asked.append(self._narrowed(draw.choice(self.apps)))
        chance = draw.random()
        if chance < 0.3:
            asked.append(self._change(draw.choice(self.apps)) | {"requestedBy": _OTHER})
        elif chance < 0.5:
            asked.append(self._change(draw.choice(self.apps), apiPermissions=[_FORBIDDEN]))
        elif chance < 0.7:
            asked.append(self._change(self.foreign_app))
        elif chance < 0.85:
            asked.append(self._with_credentials(self._change(draw.choice(self.apps)), FOREIGN_SECRET))
        return self._disturbed(asked)

    def _disturbed(self, asked: list[Message]) -> list[Message]:
        """Messages twice, ids used again, and all of it out of order."""
        draw = self._draw
        again = [message for message in asked if draw.random() < 0.25]
        reused = [_renamed(message) for message in asked if draw.random() < 0.1]
        burst = [*asked, *again, *reused]
        draw.shuffle(burst)
        return burst

    def _change(self, app: str, **fixed: Any) -> Message:
        draw = self._draw
        self._sent += 1
        drawn: dict[str, Any] = {
            "displayName": f"Change {self._sent}",
            "web": {"redirectUris": [uri for uri in _REDIRECTS if draw.random() < 0.5]},
            "apiPermissions": draw.choice(([], [_TWINS], [_GRAPH], [_TWINS, _GRAPH])),
            "adminConsent": {0: False, 1: None}.get(int(draw.random() * 5), True),
        }
        made = request(f"W{self._seed}-{self._sent:02}", app, **drawn | fixed) | {"requestedBy": _OWNER}
        return self._with_credentials(made, "client-secret", *(["second"] if draw.random() < 0.2 else []))

    def _narrowed(self, app: str) -> Message:
        """Take permissions or their consent back, and leave one redirect URI, which may take another's place."""
        choices: tuple[dict[str, Any], ...] = (
            {"adminConsent": False},
            {"apiPermissions": []},
            {"apiPermissions": [_TWINS], "adminConsent": True},
        )
        less = self._draw.choice(choices)
        return self._change(app, web={"redirectUris": [self._draw.choice(_REDIRECTS)]}, **less)

    def _with_credentials(self, message: Message, *names: str) -> Message:
        """Ask for these credentials; a description holds the message's number, as people's do."""
        described = f"for {message['requestId']}"
        made = [{"name": name, "type": "secret", "description": described, "lifetimeDays": 90} for name in names]
        return message | {"credentials": made}


def _renamed(message: Message) -> Message:
    """The same id with another body."""
    return message | {"application": message["application"] | {"displayName": "Another body, same id"}}
