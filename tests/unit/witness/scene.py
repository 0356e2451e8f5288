"""The sound tenant with a witness, who saw all of it; tests change one thing and see whether it is noticed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from doctor.evidence import Evidence, KeptMessage
from tests.unit.doctor.scene import OPERATION, POLICY, RECORD, SOUND
from tests.witness.judgement import breaches
from tests.witness.knowledge import Witnessed


def request(request_id: object = "R1", **fields: object) -> dict[str, Any]:
    """A message as it was sent, as far as its accounting goes."""
    return {"requestId": request_id, **fields}


def answer(id_: str = "1", operation: str | None = OPERATION, request_id: str | None = "R1") -> dict[str, Any]:
    """An answer as it was delivered, as far as its accounting goes."""
    data = {"requestId": request_id, "source": "queue", "operationId": operation, "status": "completed"}
    return {"id": id_, "time": "2026-11-20T12:00:00Z", "data": data}


def witnessed(*answers: Mapping[str, Any], **known: Any) -> Witnessed:
    """A witness who saw these answers, by default the one that there is."""
    return Witnessed(answers=answers or (answer(),), **known)


def texts(witnessed: Witnessed, evidence: Evidence = SOUND) -> str:
    """What is found, as one text."""
    return "\n".join(map(str, breaches(evidence, witnessed, POLICY)))


FAILED = replace(RECORD, id="f" * 32, request_id="R2", state="failed", reason="refused", sequence=2)
KEPT = KeptMessage("f" * 32, 1, "refused")
