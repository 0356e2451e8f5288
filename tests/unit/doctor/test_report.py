"""What a person and a machine are told; nothing is called well that was not looked at."""

import json
from dataclasses import replace
from io import StringIO

from rich.console import Console

from doctor.console import escape
from doctor.evidence import Application, Evidence, Leak, Seen
from doctor.examination import Examination
from doctor.finding import SendWork
from doctor.repair import Outcome, confirmed
from doctor.report import as_json, show
from tests.unit.doctor.scene import SECRET, SOUND, found


def shown(examination: Examination) -> str:
    text = StringIO()
    show(examination, Console(file=text, soft_wrap=True))
    return text.getvalue()


def examined(evidence: Evidence) -> Examination:
    return Examination(evidence, found(evidence), [])


def test_all_is_well_only_when_everything_was_seen() -> None:
    well, blind = examined(SOUND), examined(replace(SOUND, applications=Seen[Application](gap="Graph was away")))
    assert (well.exit_code, blind.exit_code) == (0, 2)
    assert "Every promise is kept." in shown(well)
    assert "Every promise" not in shown(blind)
    assert "not checked: Graph was away" in shown(blind)


def test_a_breach_is_told_with_its_advice_and_taken_for_no_markup() -> None:
    examination = examined(replace(SOUND, leaks=Seen((Leak(SECRET.name, "table [bold]x[/]"),))))
    assert examination.exit_code == 1
    text = shown(examination)
    assert "its value is in table [bold]x[/]" in text
    assert "Treat the value as public" in text
    machine = json.loads(json.dumps(as_json(examination)))
    assert [(b["invariant"], b["about"], b["canBeFixed"]) for b in machine["breaches"]] == [("6", SECRET.name, False)]


def test_what_was_done_is_told() -> None:
    examination = Examination(SOUND, [], [Outcome(SendWork("x", 1), "operation x was sent again")])
    assert "repair: operation x was sent again" in shown(examination)
    assert as_json(examination)["done"][0]["operation_id"] == "x"


def test_only_what_two_looks_agree_on_is_mended() -> None:
    (one,) = found(replace(SOUND, leaks=Seen((Leak("a", "b"),))))
    lost, other = (replace(one, repair=SendWork(name, 1)) for name in ("x", "y"))
    assert confirmed([lost, lost, other, one], [lost, one]) == [SendWork("x", 1)]


def test_a_hostile_name_controls_no_terminal() -> None:
    shown = escape("app\x1b[2J\r\n[bold]\u202e")
    assert shown == "app\\x1b[2J\\r\\n\\[bold]\\u202e"
