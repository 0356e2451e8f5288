"""Holds what became of a message against what an independent judge says of it."""

from typing import Any

from tests.chaos.bad_input.answers import CONTRACT_CODES, Answer, codes
from tests.chaos.bad_input.messages import Message
from tests.chaos.bad_input.worker import Outcome

_APP_FOLDERS = ("/functions/", "/shared/")


def fault_of_outcome(message: Message, outcome: Outcome) -> str | None:
    """Say what is wrong with how the invocation ended, None when it is as it should be."""
    if outcome.worker_gone:
        return f"{message.name}: it ended the worker: {outcome.error}"
    if outcome.error is None or (message.hides_metadata and not _raised_by_app(outcome)):
        return None
    return f"{message.name}: the function raised {outcome.error[:300]}"


def fault_of_answer(message: Message, request: dict[str, Any] | None, answer: Answer) -> str | None:
    """Say what is wrong with an answer to a message that the judge takes for `request`, or for none."""
    status = answer["data"]["status"]
    if request is None:
        if status != "rejected" or answer["data"]["operationId"] is not None:
            return f"{message.name}: it is not valid, and is answered {status}"
        return None
    if answer["data"]["requestId"] != request["requestId"]:
        return f"{message.name}: the answer is to {answer['data']['requestId']!r}"
    if status == "rejected" and codes(answer) & CONTRACT_CODES:
        return f"{message.name}: it is valid, and is rejected for {sorted(codes(answer))}"
    return None


def _raised_by_app(outcome: Outcome) -> bool:
    frames = [line for line in outcome.stack.splitlines() if line.lstrip().startswith("File ")]
    return any(folder in frame and "site-packages" not in frame for frame in frames for folder in _APP_FOLDERS)
