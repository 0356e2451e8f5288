"""Which sources may decide: one that binds its decisions to what its tickets show, by a proof that is worth it."""

from pathlib import Path
from typing import Any

import pytest

from shared.intake.sources import TicketingError, load_ticketing

ROOT = Path(__file__).parents[3]
SHIPPED, LOCAL = ROOT / "ticketing.toml", ROOT / "devstack" / "ticketing.toml"
GOOD = """
version = "1"
[[sources]]
name = "shop"
proof = { method = "hmac", secrets = ["S"], header = "X-Signature" }
updates = { url = "U", secrets = ["T"], events = ["awaiting_approval"] }
[sources.mapping]
whole = "request"
fields = { ticket = "ticket" }
[sources.decision]
when = "decision"
request_id = "requestId"
id = "id"
outcome = "decision"
decided_at = "at"
ticket = "ticket"
"""
TOKEN = '{ method = "token", secrets = ["S"], header = "X-Token" }'


def load(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "ticketing.toml"
    file.write_text(text)
    return load_ticketing(file)


def test_a_source_that_signs_and_shows_decides(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).deciding_sources() == {"shop"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('decided_at = "at"\n', "", "decided_at"),
        ('ticket = "ticket"\n', "", "ticket"),
        ('fields = { ticket = "ticket" }', "", "has to map `ticket`"),
        ('updates = { url = "U", secrets = ["T"], events = ["awaiting_approval"] }', "", "awaiting_approval"),
        ('["awaiting_approval"]', '["rotated"]', "awaiting_approval"),
        ('{ method = "hmac", secrets = ["S"], header = "X-Signature" }', TOKEN, "accept_token_decisions"),
    ],
)
def test_what_a_decision_could_not_be_held_to_is_a_fault_at_the_start(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(TicketingError, match=fault):
        load(tmp_path, GOOD.replace(old, new))


def test_who_wants_a_token_to_decide_says_so(tmp_path: Path) -> None:
    text = GOOD.replace('{ method = "hmac", secrets = ["S"], header = "X-Signature" }', TOKEN)
    said = text.replace('name = "shop"\n', 'name = "shop"\naccept_token_decisions = true\n')
    assert load(tmp_path, said).deciding_sources() == {"shop"}


def test_as_shipped_no_ticket_decides_and_locally_both_do() -> None:
    assert load_ticketing(SHIPPED).deciding_sources() == frozenset()
    assert load_ticketing(LOCAL).deciding_sources() == {"servicenow", "jira"}


def test_the_local_file_is_the_shipped_one_but_for_who_decides() -> None:
    shipped, local = load_ticketing(SHIPPED), load_ticketing(LOCAL)
    as_shipped = {"decision": None, "accept_token_decisions": False}
    assert shipped.sources == tuple(each.model_copy(update=as_shipped) for each in local.sources)


def test_the_shipped_decisions_work_once_somebody_switches_them_on(tmp_path: Path) -> None:
    lines = SHIPPED.read_text().splitlines()
    begins = [at for at, line in enumerate(lines) if line == "# [sources.decision]"]
    assert len(begins) == 2
    for at in begins:
        while at < len(lines) and lines[at].startswith("# "):
            lines[at] = lines[at].removeprefix("# ")
            at += 1
    text = "\n".join(lines).replace("requests_per_minute = 60\n", "accept_token_decisions = true\n")
    assert load(tmp_path, text).sources[0].decision == load_ticketing(LOCAL).sources[0].decision
