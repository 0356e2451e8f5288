"""What the host loads: which functions there are."""

import function_app


def test_the_inventory_of_functions() -> None:
    found = {function.get_function_name() for function in function_app.app.get_functions()}
    assert found == {
        "process_registration",
        "process_webhook_request",
        "continue_registration",
        "resume_registrations",
        "clean_up_credentials",
        "settle_poison",
        "pin_owners",
        "extend_audit",
        "anchor_audit",
        "sweep_credentials",
        "check_due_index",
        "rotate_credential",
        "approve_request",
        "apply_decision",
        "update_ticket",
        "resume_ticket_updates",
        "replay_ticket_update",
        "replay_operation",
        "replay_operations",
        "list_credentials",
        "list_requests",
        "receive_webhook",
        "show_request",
        "report_credentials",
        "credentials_report",
        "health",
        "openapi",
    }
