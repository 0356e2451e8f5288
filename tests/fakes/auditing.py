"""The in-memory audit record as the evidence that verification judges."""

from datetime import date

from doctor.audit.codes import Code
from doctor.audit.evidence import AuditEvidence, Claim, Head, Link, Note
from doctor.audit.judgement import findings
from doctor.audit.rows import LONGEST_ANCHOR, anchor, request
from doctor.evidence import Seen
from doctor.finding import Finding
from doctor.patience import Patience
from tests.fakes.world import World
from tests.witness.at_rest import AT_REST


def audit_evidence(world: World) -> AuditEvidence:
    """What a complete look at the world's storage shows."""
    audit, end = world.audit, world.audit.end
    links = (
        Link(x.number, x.entry_id, x.previous_hash, x.hash, x.text, audit.written[x.number])
        for x in audit.links.values()
    )
    return AuditEvidence(
        now=world.clock.now(),
        links=Seen(tuple(links)),
        index=Seen(tuple(audit.index.items())),
        head=Seen((Head(end.count, end.hash),) if end is not None else ()),
        anchors=Seen(
            tuple(
                anchor(name, blob.created, blob.created, blob.content if len(blob.content) <= LONGEST_ANCHOR else None)
                for name, blob in world.anchors.blobs.items()
            )
        ),
        notes=Seen(tuple(Note(row, text) for row, text in audit.outbox.items())),
        requests=Seen(tuple(request({"value0": text}) for text, _ in world.operations.rows.values())),
        claims=Seen(
            tuple(
                Claim(
                    claim.source,
                    claim.request_id,
                    claim.operation_id,
                    None,
                    tuple(each.operation_id for each in claim.earlier),
                )
                for claim in world.operations.all_claims()
            )
        ),
    )


def unrecorded(world: World, patience: Patience = AT_REST, moved_at: date | None = None) -> list[Finding[Code]]:
    """What verification finds in a world in which all has come to rest."""
    return findings(audit_evidence(world), patience, moved_at)
