"""Translates a refusal of Graph into the error that says what happens next, by the table."""

from collections.abc import Callable, Mapping

from shared.adapters.graph.refusals.fields import refused_values, whole
from shared.adapters.graph.refusals.refusal import Doing, Refusal
from shared.adapters.graph.refusals.table import Meaning, meaning_of
from shared.core.errors import (
    ContendedError,
    DeniedError,
    ForbiddenError,
    NotReplicatedError,
    NotYetVisibleError,
    ObjectGoneError,
    Problem,
    QuotaExceededError,
    RefusedError,
    RegistrarError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from shared.model.directory import ApplicationState


def judge(refusal: Refusal, doing: Doing, wrote: ApplicationState | None = None) -> RegistrarError:
    """Return the error for a refusal. `wrote` is the application that was sent, if any.

    Where the meaning depends on the age of what the call refers to, that is NotReplicatedError, with the other meaning
    in `otherwise`: the caller that knows the age decides (`shared.operations.attempt`).
    """
    late, final = (meaning_of(refusal, doing, recent=recent) for recent in (True, False))
    error = _error(final, refusal, doing, wrote)
    if late is final:
        return error
    if late is not Meaning.LAG:
        raise ValueError(f"the table says {late.name} of a young reference and {final.name} of an old one")
    message = f"{_refused(refusal, doing)} It refers to something new, which may not be replicated yet."
    return NotReplicatedError(message, otherwise=error)


def _error(meaning: Meaning, refusal: Refusal, doing: Doing, wrote: ApplicationState | None) -> RegistrarError:
    match meaning:
        case Meaning.VALUE:
            return RejectedError(refused_values(refusal, doing, wrote))
        case Meaning.TOO_LARGE:
            return RejectedError([_too_large(refusal, doing)])
        case Meaning.NAME_TAKEN:
            return RejectedError([_name_taken(refusal)])
        case Meaning.TENANT_RULE:
            return RejectedError([_tenant_rule(refusal)])
        case Meaning.LAG | Meaning.UNKNOWN:
            next_step = _REQUESTER_OR_OPERATORS if doing in _OF_THE_REQUEST else _OPERATORS
            return RefusedError(f"{_refused(refusal, doing)} {next_step}", refusal.code)
        case _:
            return _LATER[meaning](_refused(refusal, doing), refusal)


_LATER: Mapping[Meaning, Callable[[str, Refusal], RegistrarError]] = {
    Meaning.CONTENDED: lambda said, refusal: ContendedError(said, refusal.after),
    Meaning.THROTTLED: lambda said, refusal: ThrottledError(said, refusal.after),
    Meaning.AWAY: lambda said, refusal: UnavailableError(said, refusal.after),
    Meaning.NOT_SENT: lambda said, _: UnavailableError(said, sent=False),
    Meaning.GONE: lambda said, _: ObjectGoneError(f"{said} What it is about does not exist, or was deleted meanwhile."),
    Meaning.CHANGED: lambda said, _: NotYetVisibleError(f"{said} Somebody changed it meanwhile."),
    Meaning.QUOTA: lambda said, _: QuotaExceededError(f"{said} Its identity has created as many objects as it may."),
    Meaning.NO_RIGHT: lambda said, _: ForbiddenError(said),
    Meaning.DENIED: lambda said, refusal: DeniedError(said, refusal.code),
}
"""Made from Graph's reason as a sentence, and the refusal."""
_OF_THE_REQUEST = (Doing.WRITE_APPLICATION, Doing.GIVE_CONSENT, Doing.ISSUE_CREDENTIAL)
_OPERATORS = "The registrar does not know what this means. Operators look into it."
_REQUESTER_OR_OPERATORS = (
    f"{_OPERATORS} If a value of the request is at fault, they tell you which one to change; if not, they remove the "
    "cause and have the request carried out."
)


def _refused(refusal: Refusal, doing: Doing) -> str:
    return f"Microsoft Graph does not let the registrar {doing.value}: {_sentence(refusal)}"


def _sentence(refusal: Refusal) -> str:
    return refusal.said().rstrip(".") + "."


def _too_large(refusal: Refusal, doing: Doing) -> Problem:
    message = (
        f"With this, and with what others added to it, the app is larger than Microsoft Entra allows ({refusal.code}). "
        "Ask for fewer redirect URIs, permissions or credentials, or have entries removed that others added. Then send "
        "the request again with a new requestId."
    )
    return Problem(whole(doing), "application_too_large", message)


def _name_taken(refusal: Refusal) -> Problem:
    message = (
        "Something else in the tenant holds this name, most likely an application that was deleted moments ago: "
        f"{_sentence(refusal)} Choose another name, or have that application restored or permanently deleted (Entra "
        "ID, App registrations, Deleted applications). Then send the request again with a new requestId."
    )
    return Problem("application.uniqueName", "name_taken", message)


def _tenant_rule(refusal: Refusal) -> Problem:
    field = "application.signInAudience" if refusal.code.startswith("SignInAudience") else "credentials"
    message = (
        f"An app management policy of your tenant does not allow this: {_sentence(refusal)} Ask for what the policy "
        "allows, or have your administrators change it. Then send the request again with a new requestId."
    )
    return Problem(field, refusal.code, message)
