"""`python -m demo.client FILE`, in the environment that `make env` prints: 0 when the sign-in succeeded."""

import json
import logging
import sys
from pathlib import Path

from azure.core.exceptions import AzureError

from demo.answer import Answer
from demo.control import ControlPlane
from demo.queues import INTAKE, read_request
from demo.report import Report, make_console
from demo.requester import await_answer, connect, read_secret_and_sign_in
from demo.rotation import Clients
from demo.ticket import Form, Ticket
from devstack.process import StackError


def run(file: Path, report: Report) -> bool:
    """Fill in the form or send the request, wait for the answer, act on it; whether it ended in a sign-in."""
    queues, control = connect()
    body = read_request(file)
    form = Form.read(body)
    ticket = Ticket(control, form) if form is not None else None
    request_id = form.number if form is not None else _request_id(body, file)
    queues.take_answers(request_id)  # left by an earlier run that was interrupted
    sent_at = control.now().replace(microsecond=0)  # answers give their time in whole seconds
    if ticket is not None:
        report.form(ticket.form)
        ticket.open()
        report.note("ServiceNow has sent the form to the registrar's webhook; waiting for the answer")
    else:
        report.request(body)
        queues.send(body)
        report.note(f"sent to the queue {INTAKE}; waiting for the answer")
    answer = await_answer(queues, control, request_id, report.note)
    repeated = answer.time < sent_at
    report.answer(answer, repeated=repeated)
    if ticket is not None:
        report.told(ticket.form.number, *ticket.state_and_note(answer.id, report.note))
    return answer.completed and _act_on(answer, control, report, repeated=repeated)


def _request_id(body: bytes, file: Path) -> str:
    try:
        request = json.loads(body)
        return str(request["requestId"])
    except (ValueError, LookupError, TypeError) as error:
        raise StackError(f"{file} is not a request that the demo can show. `make send` takes any file") from error


def _act_on(answer: Answer, control: ControlPlane, report: Report, *, repeated: bool) -> bool:
    if not (answer.data.credentials and answer.data.api_permissions):
        return True  # nothing to sign in with, or to: not this request's fault
    try:
        report.signed_in(read_secret_and_sign_in(answer.data))
        if not repeated:
            report.rotated(Clients(answer.data, control, report.note).live_through_a_rotation())
    except AzureError as error:
        report.note(f"a sign-in failed: {error.message}")
        return False
    return True


def main() -> int:
    """The exit code."""
    # A refused sign-in is expected: the demo reports it itself.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    try:
        return 0 if run(Path(sys.argv[1]), Report(make_console())) else 1
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
