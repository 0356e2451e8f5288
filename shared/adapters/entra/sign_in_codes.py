"""What the AADSTS codes of a token endpoint's refusal say about the credential that was sent. Pure.

An allow-list: only a code that is known to follow an accepted credential proves one. The numbers and their meanings are
those of Microsoft Learn, "Microsoft Entra authentication and authorization error codes", unless said otherwise.
"""

from collections.abc import Sequence
from enum import Enum

ACCEPTED = frozenset(
    {
        # BlockedByConditionalAccess. Policies are evaluated after the client is authenticated (Microsoft Learn, "What
        # is Conditional Access?": after first-factor authentication; "Conditional Access for workload identities").
        53003,
        # The API requires an assignment, and the client has none: roles are looked up for an authenticated client
        # (Microsoft Learn, "Call an API from a daemon app": with "Assignment required?").
        501051,
        # DelegationDoesNotExist, no consent: authorization, which follows authentication (RFC 6749, 3.2.1 and 4.4.2).
        65001,
    }
)
"""530036 is not among them: it refuses a refresh token for how it was obtained (Microsoft Learn, "Authentication
flows as a condition"), and no sign-in here has one."""

NOT_ACCEPTED = frozenset(
    {
        7000215,  # a wrong client secret, or one that the token endpoint does not know yet
        7000222,  # an expired client secret
        70002,  # InvalidClient: a wrong client secret; older than 7000215, and accompanies 50012
        50012,  # AuthenticationFailed: the assertion's certificate or signature is not the client's
        700027,  # the assertion's key is not the client's, not known to be (yet), or expired
        700016,  # the application is not known in the tenant (yet)
        7000229,  # the application has no service principal in the tenant (yet) (seen in reports; not on the page)
    }
)
"""The credential, or the client, is not known (yet), or is no longer valid."""

DISABLED = frozenset({7000112})
"""UnauthorizedClientApplicationDisabled: the application, or its service principal, until it is enabled again."""

THROTTLED = frozenset({90055})
"""TenantThrottlingError: too many requests of the whole tenant."""

PASSING = frozenset(
    {
        50196,  # LoopDetected: this client repeated one request too often, with status 400
        50033,  # RetryableError
        90006,  # ExternalServerRetryableError
        90012,  # RequestTimeout
        90024,  # RequestBudgetExceededError
        90033,  # MsodsServiceUnavailable, also with status 400
        90090,  # GraphRetryableError
        90091,  # GraphServiceUnreachable
    }
)
"""The service cannot answer now. A loop concerns one client: it is no reason for all operations to pause."""


class Meaning(Enum):
    """What an answer says about the credential."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    DISABLED = "disabled"
    THROTTLED = "throttled"
    PASSING = "passing"
    UNCLEAR = "unclear"
    """Nothing: one of its codes is in no list, or they contradict each other."""


def meaning_of(codes: Sequence[int]) -> Meaning:
    """Judge an answer by all of its codes: one that proves or refutes a credential has no codes of another kind."""
    given = frozenset(codes)
    if given & THROTTLED:
        return Meaning.THROTTLED
    if given & PASSING:
        return Meaning.PASSING
    if given and given <= DISABLED:
        return Meaning.DISABLED
    if given and given <= ACCEPTED:
        return Meaning.ACCEPTED
    if given and given <= NOT_ACCEPTED:
        return Meaning.NOT_ACCEPTED
    return Meaning.UNCLEAR
