"""The one shape of all that is measured: a source has tables, rows of methods, and results.

A table that a paper prints, PEFT's benchmark, the runs of this site's experiment and measured
changes differ in where they are read from, and in nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from scripts.survey.facts.records import Record, Slug, Text

Dimension: TypeAlias = Literal["PE", "BL", "BF", "DE", "OOD", "WA"]
Side: TypeAlias = Literal["for", "level", "against"]
RunBy: TypeAlias = Literal["authors", "rival", "independent"]
Strength: TypeAlias = Literal["full", "weak"]
ClaimedBy: TypeAlias = Literal["survey", "paper", "others", "us"]

FULL = "full"
"""Full fine-tuning, as a method."""

AVERAGE = "average"
MISSING = {"-", "–"}

Rates: TypeAlias = Literal["both_tuned", "shared", "method_tuned", "unknown"]


class Number(NamedTuple):
    value: float
    shown: str


def numbers(text: Any) -> Any:
    """Return the numbers of a printed row, None where a cell is empty.

    >>> numbers("87.6 – .5")
    (Number(value=87.6, shown='87.6'), None, Number(value=0.5, shown='.5'))
    """
    if not isinstance(text, str):
        return text
    cells: list[Number | None] = []
    for word in text.split():
        try:
            cells.append(None if word in MISSING else Number(float(word), word))
        except ValueError:
            raise ValueError(f"{word!r} is neither a number nor –") from None
    return tuple(cells)


class Ran(NamedTuple):
    """The origin of a row's run: the source's own, unknown, or another publication's."""

    kind: Literal["run", "unclear", "copied"]
    origin: str = ""

    def __str__(self) -> str:
        return ":".join(filter(None, self))


def ran(text: Any) -> Any:
    """Return whose run a row is.

    >>> ran("copied:hu2022lora")
    Ran(kind='copied', origin='hu2022lora')
    """
    if not isinstance(text, str):
        return text
    kind, _, origin = text.partition(":")
    if (kind == "copied") != bool(origin) or kind not in ("run", "unclear", "copied"):
        raise ValueError(f"{text!r} is neither run nor unclear nor copied:<key of a publication>")
    return Ran(kind, origin)  # type: ignore[arg-type]


Numbers = Annotated[tuple[Number | None, ...], BeforeValidator(numbers)]


class Row(Record):
    """One row of a table: a method in a setting, and a number for each metric."""

    method: Slug
    values: Numbers
    setting: str = ""
    parameters: Annotated[float, Field(ge=0)] | None = None  # as printed, in millions
    trained: Annotated[float, Field(gt=0)] | None = None  # where what is printed is stored
    percent: Annotated[float, Field(gt=0)] | None = None  # of the model's, where that is printed
    chosen: Literal["validation", "default"] | None = None  # this setting of several, and why
    same_as: Slug | None = None  # the method that this setting is nothing but
    settings_by: Literal["authors"] | None = None  # of the method, where others ran the source
    failed: bool = False  # it never learned the form of an answer, so its score tells nothing
    modules: str = ""  # what is adapted, where it is not the same as in LoRA's row
    run: Annotated[Ran, BeforeValidator(ran)] = Ran("run")
    spread: Numbers = ()
    note: str = ""

    @model_validator(mode="after")
    def _paired(self) -> Row:
        if self.spread and len(self.spread) != len(self.values):
            raise ValueError(
                f"{self.method}: {len(self.values)} values, {len(self.spread)} spreads"
            )
        return self


class Result(NamedTuple):
    """One number of one method; table and row tell how it came about."""

    table: Table
    row: Row
    metric: str
    value: float
    shown: str
    spread: Number | None

    @property
    def sign(self) -> int:
        """1 where more is better, −1 where less is."""
        return -1 if self.metric in self.table.lower_is_better else 1


class Table(Record):
    """A table of results, of one model on one suite."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]  # in addresses
    place: Text
    model: Text
    suite: Text
    metrics: Annotated[tuple[Text, ...], Field(min_length=1)]
    measure: Text
    rows: Annotated[tuple[Row, ...], Field(min_length=2)]
    lower_is_better: tuple[Text, ...] = ()
    range: Annotated[float, Field(gt=0)] = 100  # of the metric, for what counts as level
    seeds: Annotated[int, Field(ge=1)] | None = None
    rates: Rates = "unknown"
    tuned_on_test: bool = False  # rates were chosen by the scores that are printed
    spread_is: Literal["deviation", "error"] = "deviation"  # standard deviation, standard error
    equal_size: bool = False  # the source says that sizes are alike, and prints none
    samples: Annotated[int, Field(ge=1)] | None = None  # training examples of a task
    shifted: tuple[Text, ...] = ()  # metrics on data unlike the training data, by the source's word
    note: str = ""

    @model_validator(mode="after")
    def _rectangular(self) -> Table:
        for row in self.rows:
            if len(row.values) != len(self.metrics):
                raise ValueError(
                    f"{self.place}, {self.model}: {row.method} {row.setting}: {len(row.values)} "
                    f"values for {len(self.metrics)} metrics"
                )
        for field in ("lower_is_better", "shifted"):
            if unknown := set(getattr(self, field)) - set(self.metrics):
                raise ValueError(f"{self.place}: {field}: {sorted(unknown)} are no metrics here")
        return self

    def widened(self, spread: float) -> float:
        """Return how far a printed spread reaches: two standard errors, one deviation."""
        return spread * (2 if self.spread_is == "error" else 1)

    def results(self, row: Row) -> dict[str, Result]:
        spreads = row.spread or (None,) * len(row.values)
        return {
            metric: Result(self, row, metric, *number, spread)
            for metric, number, spread in zip(self.metrics, row.values, spreads, strict=True)
            if number
        }


class Said(Record):
    """A finding that no table of two methods holds: a figure, a number in the text, one method."""

    method: Slug
    dimension: Dimension
    unit: Text  # one model on one suite
    finding: Side
    strength: Strength
    place: Text
    says: Text  # the numbers, in a sentence
    claimed_by: ClaimedBy = "paper"

    @model_validator(mode="after")
    def _possible(self) -> Said:
        if self.finding == "level" and self.dimension in ("PE", "BF"):
            raise ValueError(
                f"{self.method}: {self.dimension} asks to be level, so what is level is `for`"
            )
        if self.dimension == "WA" and (self.finding, self.strength) != ("for", "weak"):
            raise ValueError(
                f"{self.method}: WA counts papers that ran it: a finding is `for` and `weak`"
            )
        return self


READ: TypeAlias = Literal["whole", "part", "abstract"]
"""The extent to which a source has been read for its numbers."""


class Index(Record):
    """What only a paper's words tell of its rates, for the index of baselines."""

    over: str = ""  # the rates that were tried
    place: str = ""  # where the source says so
    trained: str = ""  # for how long, as stated
    listed: bool | None = None  # by the public list LoRA's rate was searched; nothing if not in it
    differs: str = ""  # why the list says otherwise than the tables, as found by reading again


class Source(Record):
    """A publication, benchmark or study: its measurements, and its authors' methods."""

    key: str
    authors_of: tuple[Slug, ...]  # of modules, and of adapters that have none: then rivals
    read: READ = "whole"
    missing: str = ""  # what has not been read
    read_from: str = ""  # a file of a public repository, where that was read in the paper's place
    tables: tuple[Table, ...]
    findings: tuple[Said, ...] = ()
    index: Index = Index()
    ours: bool = False  # this site's experiment: its model is small, and its runs adopt nothing

    @model_validator(mode="after")
    def _told_apart(self) -> Source:
        ids = [table.id for table in self.tables]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"tables: the id {', '.join(twice)} is there twice")
        if (self.read == "whole") == bool(self.missing):
            raise ValueError("missing: says what has not been read, unless the whole has")
        return self

    def run_by(self, methods: Iterable[str]) -> RunBy:
        if not self.authors_of:
            return "independent"
        return "authors" if set(methods) & set(self.authors_of) else "rival"


def averages(metrics: Iterable[str], suite: str) -> list[str]:
    means = [m for m in metrics if m in (AVERAGE, suite) or m.startswith("mean of")]
    return sorted(means, key=lambda m: m != AVERAGE)
