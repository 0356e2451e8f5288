"""`python -m devstack.demo FILE`, in the environment that `make env` prints: 0 when the sign-in succeeded."""

import json
import sys
from pathlib import Path

from azure.core.exceptions import AzureError

from devstack.demo.answer import Answer
from devstack.demo.report import Report, make_console
from devstack.demo.requester import await_answer, connect, read_secret_and_sign_in
from devstack.process import StackError
from devstack.queues import INTAKE, read_request


def run(file: Path, report: Report) -> bool:
    """Send the request, wait for its answer, act on it; whether it ended in a sign-in."""
    queues, control = connect()
    body = read_request(file)
    try:
        request_id = json.loads(body)["requestId"]
        report.request(body)
    except (ValueError, LookupError, TypeError) as error:
        raise StackError(f"{file} is no request that could be shown; `make send` takes any file") from error
    queues.take_answers(request_id)  # left by an earlier run that was interrupted
    sent_at = control.now().replace(microsecond=0)  # answers give their time in whole seconds
    queues.send(body)
    report.note(f"sent to the queue {INTAKE}, waiting for the answer")
    answer = await_answer(queues, control, request_id, report.note)
    report.answer(answer, repeated=answer.time < sent_at)
    return answer.completed and _act_on(answer, report)


def _act_on(answer: Answer, report: Report) -> bool:
    if not (answer.data.credentials and answer.data.api_permissions):
        return True  # nothing to sign in with, or to: not this request's fault
    try:
        proof = read_secret_and_sign_in(answer.data)
    except AzureError as error:
        report.note(f"the requester could not sign in: {error.message}")
        return False
    report.signed_in(proof)
    return True


def main() -> int:
    """The exit code."""
    try:
        return 0 if run(Path(sys.argv[1]), Report(make_console())) else 1
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
