"""Protections of the second broker: its adapter, its triggers, and how its entities are set up."""

from tests.chaos.sabotage.replacement import RealSabotage, Replacement, off

_QUEUES = "tests/contract/adapters/test_queues.py"
_LINKS = "tests/contract/adapters/test_service_bus_links.py"
_INFRA = "tests/unit/project/test_infra.py"
_ADAPTER = "shared/adapters/servicebus"

SERVICE_BUS_SABOTAGES = (
    off(
        "a link of Service Bus is one coroutine's at a time",
        f"{_LINKS}::test_what_is_sent_at_once_arrives_once",
        f"{_ADAPTER}/client.py",
        "async with self._locks.setdefault(name, asyncio.Lock()):",
        "async with asyncio.Lock():",
    ),
    off(
        "a link that failed in the middle of something is opened anew",
        f"{_LINKS}::test_after_a_call_that_was_given_up_the_next_one_goes_through",
        f"{_ADAPTER}/client.py",
        "                del self._open[name]\n",
        "",
    ),
    off(
        "a trigger of Service Bus takes bytes, which hide no property of their message",
        f"{_INFRA}::test_service_bus_triggers_listen_to_the_same_queues_and_take_bytes",
        "functions/brokers.py",
        '"message", "MessageBus", queue, data_type=func.DataType.BINARY',
        '"message", "MessageBus", queue',
    ),
    off(
        "dead letters are read",
        f"{_QUEUES}::test_what_the_host_gave_up_on_is_told_from_what_we_keep[servicebus]",
        f"{_ADAPTER}/queues.py",
        "in compress(_DEAD_LETTERS.items(), has_any):",
        "in compress(_DEAD_LETTERS.items(), [False] * len(has_any)):",
    ),
    off(
        "a dead letter is removed once it is dealt with",
        f"{_QUEUES}::test_what_the_host_gave_up_on_is_told_from_what_we_keep[servicebus]",
        f"{_ADAPTER}/queues.py",
        "                    await receiver.complete_message(found)\n",
        "                    await receiver.abandon_message(found)\n",
    ),
    off(
        "a dead letter whose link is gone comes again",
        f"{_LINKS}::test_a_dead_letter_whose_link_is_gone_comes_again",
        f"{_ADAPTER}/queues.py",
        "except (MessageLockLostError, MessageAlreadySettled, ValueError):",
        "except (MessageLockLostError, MessageAlreadySettled):",
    ),
    RealSabotage(
        "an answer that is repeated on purpose is no duplicate",
        f"{_QUEUES}::test_an_answer_that_is_repeated_on_purpose_arrives_again[servicebus]",
        (
            Replacement(
                f"{_ADAPTER}/messages.py",
                '        correlation_id=_text(data.get("requestId")),\n',
                '        correlation_id=_text(data.get("requestId")),\n        message_id=_text(members.get("id")),\n',
            ),
            Replacement("infra/bus.json", '"properties": {},', '"properties": {"requiresDuplicateDetection": true},'),
        ),
    ),
    off(
        "an event that is sent twice is a duplicate",
        f"{_QUEUES}::test_on_service_bus_an_event_that_is_sent_twice_arrives_once",
        f"{_ADAPTER}/messages.py",
        '        message_id=_text(members.get("id")),\n',
        "",
    ),
    off(
        "what is kept of an operation is a session of its own",
        f"{_QUEUES}::test_only_older_failures_of_an_operation_are_removed[servicebus]",
        f"{_ADAPTER}/messages.py",
        "session_id=_text(operation_id) or UNASSIGNED",
        "session_id=UNASSIGNED",
    ),
    off(
        "only older failures of an operation leave its session",
        f"{_QUEUES}::test_only_older_failures_of_an_operation_are_removed[servicebus]",
        f"{_ADAPTER}/queues.py",
        "older = sum(messages.generation_of(_body(message)) < before for message in shown)",
        "before, older = 99, len(shown)",
    ),
    off(
        "work for later is no pile on Service Bus either",
        f"{_QUEUES}::test_delayed_work_is_no_pile[servicebus]",
        f"{_ADAPTER}/queues.py",
        "active += sum(message.state is ServiceBusMessageState.ACTIVE for message in page)",
        "active += len(page)",
    ),
    off(
        "work for later is delivered later on Service Bus, too",
        f"{_QUEUES}::test_work_appears_when_its_delay_is_over[servicebus]",
        f"{_ADAPTER}/messages.py",
        "scheduled_enqueue_time_utc=due",
        "scheduled_enqueue_time_utc=None",
    ),
    off(
        "a message of Service Bus is known by the broker's number, not by its sender's id",
        "tests/unit/project/test_arrival.py::test_service_bus_numbers_its_messages_and_means_utc",
        "functions/brokers.py",
        "str(message.sequence_number)",
        "str(message.message_id)",
    ),
)
