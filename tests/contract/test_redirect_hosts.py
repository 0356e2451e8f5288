"""A browser's own parser reads no allowed redirect URI as another's host: Node's URL is the WHATWG URL Standard's."""

import json
import subprocess
from random import Random

from shared.policy.policy_file import RedirectUriRules
from shared.policy.redirect_uris import refusal
from tests.unit.policy.test_hosts import MALFORMED, ODD, WRITTEN

OURS = RedirectUriRules(https_hosts=("*.contoso.example",), loopback_http=False)
_READ = "const uris = JSON.parse(require('fs').readFileSync(0, 'utf8'));" + (
    "console.log(JSON.stringify(uris.map(u => { try { return new URL(u).hostname } catch { return null } })))"
)


def test_no_allowed_uri_has_another_host_in_a_browser() -> None:
    uris = [f"https://{host}/cb" for host in MALFORMED] + list(_written(Random(14), 20_000))
    allowed = [uri for uri in uris if refusal(uri, OURS, public_client=False) is None]
    assert len(allowed) > 100
    finished = subprocess.run(
        ["node", "-e", _READ], input=json.dumps(allowed), capture_output=True, text=True, timeout=60, check=True
    )
    hosts: list[str | None] = json.loads(finished.stdout)
    # A label that begins with xn-- and is no encoded name has no host in a browser, and so sends nothing to anybody.
    read = [(uri, host) for uri, host in zip(allowed, hosts, strict=True) if host is not None]
    assert len(read) > 100
    strangers = [(uri, host) for uri, host in read if not host.endswith(".contoso.example")]
    assert strangers == []


def _written(dice: Random, count: int) -> list[str]:
    """Write URIs out of pieces that parsers have read differently."""
    pieces = [*WRITTEN.split(" "), *ODD.split("|")]
    ends = ["", ".contoso.example", ".contoso.example/cb", "x.contoso.example:443/"]
    starts = ["https://", "https://a", "HTTPS://", "https:/", "https:\\\\"]
    return [
        dice.choice(starts) + "".join(dice.choices(pieces, k=dice.randrange(4))) + dice.choice(ends)
        for _ in range(count)
    ]
