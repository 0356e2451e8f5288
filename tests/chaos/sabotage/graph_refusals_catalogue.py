"""Protections that tell what a refusal of Microsoft Graph means, and who can mend it."""

from tests.chaos.sabotage.replacement import off

_TABLE = "tests/unit/adapters/test_graph_refusals.py"
_ANSWERS = "tests/component/test_refusals.py"
_ADAPTER = "tests/unit/adapters/test_graph_answers.py"

GRAPH_REFUSAL_SABOTAGES = (
    off(
        "a 400 that is about nothing new is no lag",
        f"{_ANSWERS}::test_an_unknown_400_about_nothing_new_fails_at_once_and_says_what_graph_said",
        "shared/operations/attempt.py",
        "if any(self.is_recent(at) for at in written):",
        "if any(at is not None for at in written):",
    ),
    off(
        "lag is believed of what is new",
        f"{_ANSWERS}::test_lag_is_believed_of_what_this_operation_made_and_only_within_the_window",
        "shared/operations/attempt.py",
        "if any(self.is_recent(at) for at in written):",
        "if self.is_recent(None):",
    ),
    off(
        "the details of a refusal count",
        f"{_ADAPTER}::test_the_details_of_an_answer_decide",
        "shared/adapters/graph/client.py",
        "for each in (main.details if main else None) or ())",
        "for each in ())",
    ),
    off(
        "a value that Entra does not take is the requester's to change",
        f"{_ANSWERS}::test_what_the_requester_must_mend_is_rejected_at_once_and_names_the_field",
        "shared/adapters/graph/refusals/table.py",
        "Line(Meaning.VALUE, statuses={400}, details=_VALUE_DETAILS, doing=_OF_THE_REQUEST),",
        "Line(Meaning.VALUE, statuses={499}, details=_VALUE_DETAILS, doing=_OF_THE_REQUEST),",
    ),
    off(
        "a full quota is no missing right",
        f"{_ANSWERS}::test_a_full_quota_that_nobody_widens_fails_at_the_deadline_and_says_so",
        "shared/adapters/graph/refusals/table.py",
        "Line(Meaning.QUOTA, codes={_QUOTA}, doing=(*_APPLICATION, *_PRINCIPAL)),",
        "Line(Meaning.NO_RIGHT, codes={_QUOTA}, doing=(*_APPLICATION, *_PRINCIPAL)),",
    ),
    off(
        "an app that is too large is the requester's to make smaller",
        f"{_ANSWERS}::test_an_app_that_is_too_large_is_rejected_and_nobody_waits_for_a_right",
        "shared/adapters/graph/refusals/table.py",
        "Meaning.TOO_LARGE, codes={_QUOTA, _TOO_LARGE},",
        "Meaning.TOO_LARGE, codes={_QUOTA},",
    ),
    off(
        "a 403 has its own code in the reason",
        f"{_ANSWERS}::test_another_403_has_its_code_in_the_reason",
        "shared/operations/retry.py",
        "if isinstance(error, DeniedError):",
        "if error is None:",
    ),
    off(
        "what was deleted meanwhile is read again and not taken for lag",
        f"{_ANSWERS}::test_what_was_deleted_meanwhile_is_no_lag_and_the_next_attempt_says_so",
        "shared/credentials/issuing.py",
        "with attempt.tolerate_lag(attempt.application.written_at):\n            issued",
        "with attempt.tolerate_lag(attempt.now()):\n            issued",
    ),
)
