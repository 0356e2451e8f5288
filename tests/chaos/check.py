"""Watches a real stack from beginning to end, and has the one checker judge what it saw."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from azure.data.tables import TableClient
from azure.identity.aio import ClientSecretCredential

from demo.requester import has_bus
from doctor.audit.collect import collect as collect_audit
from doctor.audit.evidence import AuditEvidence
from doctor.audit.judgement import findings
from doctor.audit.storage import open_storage
from doctor.collect import collect
from doctor.collect.access import Network, open_access
from doctor.collect.rows import kept_message
from doctor.evidence import Evidence, KeptMessage, Seen
from doctor.finding import Invariant
from doctor.settings import Settings, StorageSettings
from shared.core.naming import (
    CLEANUPS_TABLE,
    DECISIONS_POISON_QUEUE,
    DECISIONS_QUEUE,
    EVENTS_QUEUE,
    INTAKE_QUEUE,
    POISON_QUEUE,
    ROTATIONS_POISON_QUEUE,
    ROTATIONS_QUEUE,
    TICKET_UPDATES_POISON_QUEUE,
    TICKET_UPDATES_QUEUE,
    UNSETTLED_TABLE,
    WEBHOOK_REQUESTS_POISON_QUEUE,
    WEBHOOK_REQUESTS_QUEUE,
    WORK_POISON_QUEUE,
    WORK_QUEUE,
    operation_of,
)
from tests.e2e.driver import Driver
from tests.e2e.inbox import Inbox
from tests.e2e.mailboxes import BusMailboxes, StorageMailboxes, open_mailboxes
from tests.witness.at_rest import AT_REST
from tests.witness.judgement import breaches
from tests.witness.knowledge import Foreign, ForeignUri, Witnessed

_WORK_QUEUES = (
    INTAKE_QUEUE,
    WEBHOOK_REQUESTS_QUEUE,
    WEBHOOK_REQUESTS_POISON_QUEUE,
    WORK_QUEUE,
    WORK_POISON_QUEUE,
    ROTATIONS_QUEUE,
    ROTATIONS_POISON_QUEUE,
    TICKET_UPDATES_QUEUE,
    TICKET_UPDATES_POISON_QUEUE,
    DECISIONS_QUEUE,
    DECISIONS_POISON_QUEUE,
)
_POLICY = Path(__file__).parents[2] / "policy.toml"
_HIDE_SECONDS = 5
_LOOKS = 5
HIDDEN_SECONDS = 130
"""A little longer than the registrar hides what it looks through on a poison queue."""


class Witness:
    """Everything that was delivered, and what was there before. `driver` may be replaced when the stack restarts."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._events = Inbox(EVENTS_QUEUE)
        self._foreign = Foreign()
        self.examined: dict[str, float] = {}
        """How much the last judgement rests on: for the published figures."""

    def drain(self) -> None:
        """Take what was delivered on both queues into memory; as often as one likes."""
        environment = self.driver.environment
        for inbox in (self.driver.inbox, self._events):
            inbox.drain(environment)

    def take_away(self) -> None:
        """As `drain`, and leave both queues empty; only while nobody sends, or what is just sent is lost."""
        self.drain()
        for inbox in (self.driver.inbox, self._events):
            with self._mailboxes() as mailboxes:
                mailboxes.empty(inbox.queue)

    def answers(self) -> list[dict[str, Any]]:
        """Return every answer ever delivered, repeated deliveries included, as of the last `drain`."""
        return list(self.driver.inbox.messages)

    def answers_to(self, request_id: str) -> list[dict[str, Any]]:
        """Return every answer to one request so far, repeated deliveries included."""
        self.drain()
        return self.driver.inbox.to_request(request_id)

    def rotated(self) -> list[dict[str, Any]]:
        """Return the events of rotations so far, each once."""
        events = {event["id"]: event for event in self._events.messages}
        return [event for event in events.values() if event["type"] == "registrar.credential.rotated.v1"]

    def remember_foreign(self) -> None:
        """Remember what is there and not ours; once more, after somebody added something.

        What is remembered already stays as it was then: what has been touched meanwhile is not forgiven.
        """
        self._foreign = _foreign(self.look(), self._foreign)

    def remember_redirect_uri(self, object_id: str, uri: str) -> None:
        """Remember a redirect URI that somebody added to an app of ours."""
        added = self._foreign.redirect_uris | {ForeignUri(object_id, uri)}
        self._foreign = replace(self._foreign, redirect_uris=added)

    def look(self) -> Evidence:
        """Collect the evidence over HTTP as the stack's administrator, signing in with every stored value."""
        return asyncio.run(self._look())

    def breaches(self, requests: Iterable[Mapping[str, Any]]) -> list[str]:
        """Judge a stack at rest in fine weather; `requests` is every message sent, as often as it was sent.

        Empty when all seven invariants hold, and the audit record says all of it. What could not be looked at counts
        as a breach.
        """
        evidence = self.look()
        self.drain()
        answers = tuple(self.driver.inbox.messages)
        if evidence.kept.hidden or has_bus(self.driver.environment):
            evidence = replace(evidence, kept=self._all_kept())
        witnessed = Witnessed(
            answers=answers,
            events=tuple(self._events.messages),
            requests=tuple(requests),
            foreign=self._foreign,
            made=_made(answers),
        )
        found = breaches(evidence, witnessed, self._settings().policy, AT_REST)
        self.examined = {
            "applications": sum(app.is_ours for app in evidence.applications),
            "live_credentials": sum(_live_credentials(evidence)),
            "orphans": sum(breach.kind is Invariant.VALUE_KEPT for breach in found),
        }
        open_entries = [f"{entry.unique_name}/{entry.operation_id}" for entry in evidence.cleanups]
        waiting = [f"{Invariant.ANSWERED}: not settled: clean-up entries {open_entries}"] if open_entries else []
        audit = asyncio.run(self._look_at_audit())
        gaps = [*evidence.gaps, *audit.gaps]
        unrecorded = (f"recorded: {each}" for each in findings(audit, AT_REST))
        return [*(f"could not look: {gap}" for gap in gaps), *waiting, *map(str, found), *unrecorded]

    def settle(self, within: timedelta = timedelta(hours=30)) -> str:
        """Let stack time pass until nothing waits and nothing is to be tidied up; returns what still does.

        The steps grow, so that a request that only its deadline ends costs minutes of wall time, not hours.
        """
        passed, step, quiet, waiting = timedelta(0), timedelta(seconds=20), 0, ""
        while passed < within:
            waiting = self._what_waits()
            quiet = 0 if waiting else quiet + 1
            if quiet == 3:
                return ""
            self.driver.advance(step.total_seconds())
            passed += step
            if passed > timedelta(minutes=20):
                step = timedelta(minutes=10)
            time.sleep(0.3)
        return f"{waiting or 'now and then something'} still waits after {within} of stack time"

    def _what_waits(self) -> str:
        with self._mailboxes() as mailboxes:
            waiting = [f"queue {queue}" for queue in _WORK_QUEUES if mailboxes.count(queue)]
            # As far as a look shows them: with storage, what the host gave up on lies between what is kept.
            unanswered = any(kept_message(text) is None for text in mailboxes.given_up(INTAKE_QUEUE))
        waiting += [f"table {table}" for table in (UNSETTLED_TABLE, CLEANUPS_TABLE) if self._rows(table)]
        if unanswered:
            waiting.append("an answer to what the host gave up on")
        return ", ".join(waiting)

    def _rows(self, table: str) -> int:
        with TableClient.from_connection_string(
            self.driver.environment["AZURE_STORAGE_CONNECTION_STRING"], table, **self._storage_options
        ) as client:
            rows: Any = client
            return sum(1 for _ in rows.list_entities(select=["RowKey"]))

    def _all_kept(self) -> Seen[KeptMessage]:
        """Read the whole poison queue, of which a peek shows the beginning; the messages are back in seconds.

        A timer that looks through it hides what it holds: then it is read once more when that is over.
        """
        read = dict[str, KeptMessage | None]()
        with self._mailboxes() as mailboxes:
            if isinstance(mailboxes, BusMailboxes):
                found = (kept_message(message["body"]) for message in mailboxes.messages(POISON_QUEUE))
                return Seen(tuple(message for message in found if message is not None))
            client = mailboxes.queues.get_queue_client(POISON_QUEUE)
            for _ in range(_LOOKS):
                messages = client.receive_messages(messages_per_page=32, visibility_timeout=_HIDE_SECONDS)
                read |= {message.id: kept_message(message.content) for message in messages}
                if len(read) >= (client.get_queue_properties().approximate_message_count or 0):
                    break
                self.driver.advance(HIDDEN_SECONDS)
        return Seen(tuple(message for message in read.values() if message is not None))

    def _mailboxes(self) -> AbstractContextManager[StorageMailboxes | BusMailboxes]:
        return open_mailboxes(self.driver.environment)

    @property
    def _storage_options(self) -> dict[str, Any]:
        return {"use_env_settings": False, "connection_verify": self.driver.environment["SSL_CERT_FILE"]}

    async def _look(self) -> Evidence:
        config, network = self.driver.stack.config, self._network()
        administrator = ClientSecretCredential(
            config.tenant_id,
            config.administrator.client_id,
            config.administrator.client_secret,
            **network.for_sdk(),
        )
        async with administrator, open_access(self._settings(), administrator, network) as access:
            return await collect(access)

    async def _look_at_audit(self) -> AuditEvidence:
        settings = StorageSettings.load_for_audit(self.driver.environment)
        async with open_storage(settings, **self._storage_options) as storage:
            return await collect_audit(storage)

    def _settings(self) -> Settings:
        return Settings.load({**self.driver.environment, "POLICY_FILE": str(_POLICY)})

    def _network(self) -> Network:
        environment = self.driver.environment
        return Network(environment["HTTPS_PROXY"], environment["SSL_CERT_FILE"])


def _live_credentials(evidence: Evidence) -> Iterator[int]:
    """Count the credentials of each app that carry our mark."""
    for app in evidence.applications:
        yield sum(operation_of(each.display_name) is not None for each in app.credentials)


def _foreign(evidence: Evidence, before: Foreign) -> Foreign:
    """Return what is not ours in the evidence, and what was remembered of apps that are."""
    ours = {app.client_id: app for app in evidence.applications if app.is_ours}
    principals = {each.object_id for each in evidence.principals if each.client_id in ours}
    return Foreign(
        applications=_and_new(
            before.applications, (app for app in evidence.applications if not app.is_ours), lambda app: app.object_id
        ),
        principals=_and_new(
            before.principals, (p for p in evidence.principals if p.client_id not in ours), lambda p: p.object_id
        ),
        passwords=before.passwords
        | {
            (app.object_id, each.key_id)
            for app in ours.values()
            for each in app.credentials
            if operation_of(each.display_name) is None
        },
        redirect_uris=before.redirect_uris,
        consents=before.consents | {each for each in evidence.consents if each.principal_id not in principals},
        secrets=_and_new(
            before.secrets, (secret for secret in evidence.secrets if not secret.is_ours), lambda s: (s.vault, s.name)
        ),
    )


def _and_new[T](before: tuple[T, ...], there: Iterable[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    known = {key(each) for each in before}
    return (*before, *(each for each in there if key(each) not in known))


def _made(answers: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count the client ids that an app, and the principal ids that a client was ever answered with."""
    found = {
        *((answer.get("subject"), answer["data"].get("clientId")) for answer in answers),
        *((answer["data"].get("clientId"), answer["data"].get("servicePrincipalId")) for answer in answers),
    }
    return Counter(made for made, of_it in found if made and of_it)
