"""Jira's errors: `{"errorMessages": [...], "errors": {field: message}}`, and a bare text for a wrong sign-in.

Sources: Atlassian, "The Jira Cloud platform REST API" and "Rate limiting"; texts that clients have reported in public
issues: INVALID_INPUT (open-cli-collective/atlassian-cli #325), "Comment body is not valid!"
(lesstif/php-jira-rest-client #412), the workflow's complaint (rtcTo/rtc2jira #24).
"""

from collections.abc import Mapping

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response


class JiraError(Exception):
    """A call that Jira refuses."""

    def __init__(
        self,
        status: int,
        messages: list[str],
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        self._status = status
        self._messages = messages
        self._fields = dict(fields or {})
        self._headers = dict(headers or {})

    def answer(self) -> Response:
        """The error on the wire."""
        body = {"errorMessages": self._messages, "errors": self._fields}
        return JSONResponse(body, self._status, self._headers)


def not_signed_in() -> Response:
    """For a wrong token; a call without any is anonymous and may see nothing: 404."""
    headers = {
        "X-Seraph-LoginReason": "AUTHENTICATED_FAILED",
        "WWW-Authenticate": 'OAuth realm="https%3A%2F%2Flocalhost"',
    }
    return PlainTextResponse("Client must be authenticated to access this resource.", 401, headers)


def no_issue() -> JiraError:
    return JiraError(404, ["Issue does not exist or you do not have permission to see it."])


def no_resource() -> JiraError:
    return JiraError(404, ["null for uri: the local stack's Jira has no such resource"])


def no_method() -> JiraError:
    return JiraError(405, ["Method Not Allowed"])


def unreadable() -> JiraError:
    return JiraError(400, ["There was an error parsing JSON. Check that your request body is valid."])


def unsupported_media_type() -> JiraError:
    return JiraError(415, ["Unsupported Media Type"])


def no_document() -> JiraError:
    """The body is not even an object."""
    return JiraError(400, [], {"comment": "Comment body is not valid!"})


def invalid_document() -> JiraError:
    return JiraError(400, ["INVALID_INPUT"], {"comment": "INVALID_INPUT"})


def too_long() -> JiraError:
    return JiraError(400, ["CONTENT_LIMIT_EXCEEDED"], {"comment": "CONTENT_LIMIT_EXCEEDED"})


def invalid_fields(fields: Mapping[str, str]) -> JiraError:
    return JiraError(400, [], fields)


def invalid(message: str) -> JiraError:
    return JiraError(400, [message])


def wrong_status(transition: str, key: str) -> JiraError:
    return JiraError(
        400,
        [
            f"It seems that you have tried to perform a workflow operation ({transition}) that is not valid for the"
            f" current state of this issue ({key}). The likely cause is that somebody has changed the issue recently,"
            " please look at the issue history for details."
        ],
    )


def throttled(retry_after: int) -> Response:
    headers = {"Retry-After": str(retry_after), "RateLimit-Reason": "jira-burst-based"}
    return JSONResponse({"errorMessages": ["Rate limit exceeded."], "errors": {}}, 429, headers)


def unavailable(status: int) -> Response:
    """A page of what stands before Jira."""
    return HTMLResponse(f"<html><head><title>{status}</title></head><body>Jira is away.</body></html>", status)
