"""Checks what a request adds against the tenant's rules, before anything is written."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager

from shared.core import log
from shared.core.errors import Problem, RejectedError
from shared.model.directory import CredentialType, SeenApplication
from shared.operations.attempt import Attempt
from shared.policy.tenant import TENANT_RULES, TenantRules, late_refusal
from shared.ports import SeenRestrictions

type Judgement = Callable[[TenantRules], Iterable[Problem]]


async def look(attempt: Attempt) -> tuple[SeenApplication | None, SeenRestrictions]:
    """Read the application and its restrictions concurrently."""
    ports, known = attempt.ports, attempt.application.object_id
    seen, restrictions = await ports.app_policies.beside(
        ports.directory.application(attempt.operation.unique_name), known
    )
    if seen is not None and seen.object_id != known:
        restrictions = await ports.app_policies.of(seen.object_id)
    return seen, restrictions


async def judge(
    attempt: Attempt, seen: SeenApplication | None, restrictions: SeenRestrictions, judgement: Judgement
) -> tuple[TenantRules, tuple[Problem, ...]]:
    """Judge a request by the tenant's rules; return the current rules and the problems.

    Cached policies never refuse a request: an administrator may just have made an exception, so they are read again.
    """
    rules = _rules(attempt, seen, restrictions)
    problems = tuple(judgement(rules))
    if not problems or not restrictions.remembered:
        return rules, problems
    object_id = seen.object_id if seen is not None else attempt.application.object_id
    rules = _rules(attempt, seen, await attempt.ports.app_policies.of(object_id, ask=True))
    return rules, tuple(judgement(rules))


@contextmanager
def refused_at(attempt: Attempt, kind: CredentialType, type_field: str, lifetime_field: str) -> Generator[None]:
    """Make Graph's own refusal of a credential name the request's field."""
    try:
        yield
    except RejectedError as rejected:
        problems = [late_refusal(each, kind, type_field, lifetime_field) for each in rejected.problems]
        is_tenants = any(each.code in TENANT_RULES for each in problems)
        if is_tenants and attempt.policy.tenant.registrar_is_exempt:
            # Policy says otherwise: the identity has lost its attribute, or the restriction has no such exemption.
            codes = [each.code for each in problems]
            log.warning("tenant_policies.not_exempt", app=attempt.operation.unique_name, codes=codes)
        raise RejectedError(problems) from rejected


def _rules(attempt: Attempt, seen: SeenApplication | None, restrictions: SeenRestrictions) -> TenantRules:
    """Return the rules for an app; one that no read shows is about to be created, or was just created."""
    return TenantRules(
        restrictions=restrictions.restrictions,
        created=seen.created if seen is not None else attempt.now(),
        is_new=seen is None,
        registrar_is_exempt=attempt.policy.tenant.registrar_is_exempt,
    )
