"""docs/reliability.md, generated: its promises from a template, its figures from the last complete run."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict

from tests.brokers import Broker
from tests.chaos.record import UnitRecord
from tests.chaos.suites import BOTH_BROKERS, NAMES
from tests.checkout import ROOT

FIGURES = ROOT / "docs" / "reliability.json"
DOCUMENT = ROOT / "docs" / "reliability.md"
_TEMPLATE = "reliability.md.jinja"


class SuiteFigures(BaseModel):
    """What one suite's last complete run came to."""

    model_config = ConfigDict(extra="forbid")

    code: str
    """Fingerprint of the code that it ran on."""
    finished: datetime
    seconds: float
    """Of all units together; a few run at a time."""
    units: dict[Broker, int]
    figures: dict[Broker, dict[str, float]]
    notes: list[str]

    def names(self) -> list[str]:
        """What was counted, on either broker."""
        return sorted({name for counted in self.figures.values() for name in counted})


class Figures(BaseModel):
    """What every suite's last complete run came to. A run that found something is not published."""

    model_config = ConfigDict(extra="forbid")

    suites: dict[str, SuiteFigures]


def publish(code: Callable[[str], str], records: Iterable[UnitRecord]) -> None:
    """Publish complete runs of some suites that found nothing; those of the others stay."""
    ran = {
        name: SuiteFigures(
            code=code(name),
            finished=max(record.finished for record in part).astimezone(UTC).replace(microsecond=0),
            seconds=round(sum(record.seconds for record in part)),
            units=dict(Counter(sorted((record.broker for record in part), key=list(Broker).index))),
            figures=by_broker(part),
            notes=sorted({note for record in part for note in record.result.notes}),
        )
        for name, part in by_suite(records).items()
    }
    known = read_figures().suites if FIGURES.exists() else {}
    merged = known | ran
    figures = Figures(suites={name: merged[name] for name in NAMES if name in merged})
    FIGURES.write_text(figures.model_dump_json(indent=2) + "\n")
    DOCUMENT.write_text(render(figures))


def read_figures() -> Figures:
    """Read what was last published."""
    return Figures.model_validate_json(FIGURES.read_bytes())


def render(figures: Figures) -> str:
    """Render the document; a figure that the template names and the run lacks is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, from our own figures
    )
    environment.filters |= {"amount": _amount, "cell": _cell}
    return environment.get_template(_TEMPLATE).render(
        suites=figures.suites,
        minutes=_amount(sum(suite.seconds for suite in figures.suites.values()) // 60),
        brokers=list(Broker),
        both=BOTH_BROKERS,
        total=lambda key: sum(  # pyright: ignore
            counted.get(key, 0)  # pyright: ignore
            for suite in figures.suites.values()
            for counted in suite.figures.values()
        ),
    )


def _cell(text: str) -> str:
    """Make a text fit into a cell of a Markdown table, on one line and not read as markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _amount(value: float) -> str:
    """Write a number as people do: thousands apart, and no more than two decimals."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def by_suite(records: Iterable[UnitRecord]) -> Mapping[str, list[UnitRecord]]:
    """Group records by suite."""
    grouped = defaultdict[str, list[UnitRecord]](list)
    for record in records:
        grouped[record.suite].append(record)
    return grouped


def by_broker(records: Sequence[UnitRecord]) -> dict[Broker, dict[str, float]]:
    """Add the figures of units up, those of each broker by themselves; a broker without units is absent."""
    grouped = {broker: [record for record in records if record.broker is broker] for broker in Broker}
    return {broker: dict(sorted(summed(part).items())) for broker, part in grouped.items() if part}


def summed(records: Iterable[UnitRecord]) -> dict[str, float]:
    """Add the figures of several units up; of maxima, keep the largest."""
    sums, maxima = Counter[str](), dict[str, float]()
    for record in records:
        for key, value in record.result.figures.items():
            sums[key] += value  # pyright: ignore[reportArgumentType]  a Counter adds floats as well
        for key, value in record.result.maxima.items():
            maxima[key] = max(value, maxima.get(key, value))
    return {**sums, **maxima}
