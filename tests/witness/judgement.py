"""The one judgement of all tests with a witness: the doctor's checks, and those that need to have watched."""

from dataclasses import replace

import doctor.invariants
from doctor.evidence import Application, Evidence
from doctor.finding import Finding, Invariant
from doctor.patience import Patience
from shared.policy.policy_file import Policy
from tests.witness.answers import answer_breaches
from tests.witness.foreign import touched
from tests.witness.knowledge import Foreign, ForeignUri, Witnessed
from tests.witness.made import made_twice


def breaches(
    evidence: Evidence, witnessed: Witnessed, policy: Policy, patience: Patience | None = None
) -> list[Finding[Invariant]]:
    """Find every breach that the evidence proves to somebody who watched.

    The doctor's checks are given the evidence without the permissions and redirect URIs that others are known to have
    added to our apps; all that is left has to be the registrar's, whatever requests and the audit record say.
    """
    ours = without_additions(evidence, witnessed.foreign)
    return [
        *doctor.invariants.breaches(ours, policy, patience, judge_all_permissions=True),
        *made_twice(witnessed),
        *touched(evidence, witnessed.foreign),
        *answer_breaches(evidence, witnessed),
    ]


def without_additions(evidence: Evidence, foreign: Foreign) -> Evidence:
    """Return the evidence without the consents and redirect URIs that others added."""
    apps, consents = evidence.applications, evidence.consents
    return replace(
        evidence,
        applications=replace(apps, items=tuple(_without_added_uris(app, foreign.redirect_uris) for app in apps)),
        consents=replace(consents, items=tuple(each for each in consents if each not in foreign.consents)),
    )


def _without_added_uris(app: Application, added: frozenset[ForeignUri]) -> Application:
    uris = {each.uri for each in added if each.object_id == app.object_id}
    return replace(app, redirect_uris=app.redirect_uris - uris) if uris else app
