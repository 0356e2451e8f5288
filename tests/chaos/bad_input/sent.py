"""What was sent by one unit, and what came back: matched message by message."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.bad_input.answers import Answer, faults_of_form
from tests.chaos.bad_input.judge import key_of, readable_fields, valid_request
from tests.chaos.bad_input.messages import Message
from tests.chaos.bad_input.verdicts import fault_of_answer
from tests.chaos.suite import Result

_MOST_FAULTS = 40


@dataclass
class Sent:
    """The messages of a unit. `poisoned`: indexes of those that the host moves to the poison queue."""

    messages: Sequence[Message]
    poisoned: set[int] = field(default_factory=set[int])

    def __post_init__(self) -> None:
        """Have every message judged."""
        judged = {message.index: valid_request(message.body) for message in self.messages}
        self.valid: Mapping[int, dict[str, Any]] = {
            index: request for index, request in judged.items() if request is not None
        }
        self._by_index = {message.index: message for message in self.messages}
        self._by_key = {key_of(request): index for index, request in self.valid.items()}

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What every message looks like to whoever reads as much of it as can be read."""
        return [readable_fields(message.body) for message in self.messages]

    def faults(self, answers: Iterable[Answer], index_of: Mapping[str, int] | None = None) -> list[str]:
        """Hold all answers, repeated deliveries left out, against the messages.

        `index_of` leads from an answer's time to the message that it must be about; without it, the answers to
        what is no request are only counted.
        """
        found: list[str] = []
        refused = Counter[int]()
        rejected, others = 0, 0
        answered = defaultdict[int, set[str]](set)
        for answer in {answer["id"]: answer for answer in answers}.values():
            found += [f"answer {answer['id']}: {fault}" for fault in faults_of_form(answer)]
            index = self._about(answer, index_of or {})
            if index is None:
                rejected += answer["data"]["status"] == "rejected"
                others += answer["data"]["status"] != "rejected"
                continue
            answered[index].add(answer["id"])
            refused[index] += answer["data"]["operationId"] is None
            if fault := fault_of_answer(self._by_index[index], self.valid.get(index), answer):
                found.append(fault)
        found += [f"{self._by_index[n].name}: {len(ids)} answers" for n, ids in answered.items() if len(ids) > 1]
        found += [f"{self._by_index[n].name}: valid, and not answered" for n in self.valid if n not in answered]
        return found + self._faults_of_number(refused, rejected, others, matched=index_of is not None)

    def result(self, found: Sequence[str], examined: Mapping[str, float]) -> Result:
        """The unit's result, with how to see a breach again, and how much it rests on."""
        unit = self.messages[0].unit
        again = f"python -m tests.chaos unit bad-input {unit}"
        breaches = [f"bad-input {unit}: {fault} (again: {again})" for fault in found[:_MOST_FAULTS]]
        if len(found) > _MOST_FAULTS:
            breaches.append(f"bad-input {unit}: and {len(found) - _MOST_FAULTS} more")
        figures: dict[str, float] = {
            **examined,
            "bad_inputs": len(self.messages),
            "bad_inputs_through_queue": len(self.messages) if unit.startswith("queue") else 0,
            "inputs_that_were_valid": len(self.valid),
            "inputs_given_up_by_host": len(self.poisoned),
        }
        return Result(breaches=breaches, figures=figures)

    def _about(self, answer: Answer, index_of: Mapping[str, int]) -> int | None:
        data = answer["data"]
        if data["operationId"] is not None:
            return self._by_key.get((data["source"], data["requestId"]))
        return index_of.get(answer["time"])

    def _faults_of_number(self, refused: Counter[int], rejected: int, others: int, *, matched: bool) -> list[str]:
        """Every message that is no request has one answer: by its time, or at least in number."""
        wanted = [m for m in self.messages if m.index not in self.valid and m.index not in self.poisoned]
        found: list[str] = []
        if matched:
            unmatched = [message for message in wanted if not refused[message.index]]
            found += [f"{message.name}: not answered" for message in unmatched if not message.hides_metadata]
            wanted = [message for message in unmatched if message.hides_metadata]
        if rejected != len(wanted) + len(self.poisoned):
            what = f"{len(wanted)} messages that are no requests, and {len(self.poisoned)} that the host gave up on"
            found.append(f"{rejected} rejections of {what}")
        if others:
            found.append(f"{others} answers about no message, and no rejections")
        return found
