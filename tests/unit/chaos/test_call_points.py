"""Call points of the crash matrix: what two recorded runs of an action say, cut into parts."""

from typing import Any

from tests.chaos.crash_matrix import SUITE
from tests.chaos.crash_matrix.suite import Unit
from tests.chaos.on_the_wire.part import Part
from tests.chaos.on_the_wire.points import NOISE, Point, points_of
from tests.chaos.suite import Size


def journal(*calls: str) -> list[dict[str, Any]]:
    """Calls given as "caller service label"."""
    parts = [call.split(" ", 2) for call in calls]
    return [{"caller": caller.strip("-"), "service": service, "label": label} for caller, service, label in parts]


SENT = "worker queue POST work/messages"
SAVED = "worker table PUT operations"
READ = "- graph GET /applications"
TOKEN = "worker identity GET /msi/token"


def test_calls_are_numbered_by_route_in_their_order() -> None:
    points = points_of(journal(SAVED, READ, SAVED, SENT), journal(SAVED, READ, SAVED, SENT), frozenset())
    assert [str(point) for point in points] == [
        "table PUT operations #1",
        "graph GET /applications #1",
        "table PUT operations #2",
        "queue POST work/messages #1",
    ]
    assert [point.is_write for point in points] == [True, False, True, True]


def test_what_only_a_new_worker_asks_for_is_a_point_of_a_new_worker() -> None:
    points = points_of(journal(SAVED), journal(TOKEN, SAVED, SAVED), frozenset())
    assert points == [
        Point("table", "PUT operations", "worker", 1),
        Point("identity", "GET /msi/token", "worker", 1, cold=True),
    ]


def test_the_beginning_of_other_timers_is_no_point() -> None:
    timer = "worker table GET unsettled()"
    assert points_of(journal(timer, SAVED), [], NOISE) == points_of(journal(SAVED), [], frozenset())
    assert len(points_of(journal(timer, SAVED), [], NOISE - {("table", "GET unsettled()")})) == 2


def test_the_parts_of_a_row_are_the_whole_row() -> None:
    points = points_of(journal(SAVED, READ, SENT, READ, SAVED), [], frozenset())
    chosen = [point for part in Part.all(3) for point in part.choose(points)]
    assert sorted(chosen, key=str) == sorted(points, key=str)
    assert [str(point) for point in Part.read("writes-2-of-2").choose(points)] == ["queue POST work/messages #1"]


def test_a_unit_is_found_again_by_its_name() -> None:
    for size in Size:
        names = SUITE.units(size)
        assert [str(Unit.read(name)) for name in names] == list(names)
        assert len(set(names)) == len(names)
