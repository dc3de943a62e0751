"""Every number has an address; what a page says is looked up here.

    hu2022lora/table-2-roberta-base: lora, mnli      a printed cell: method, and setting if need be
    hu2022lora/table-3-gpt-2-medium: lora, parameters    what the row trains, percent likewise
    peft/maths: vera, gsm8k                          a run of PEFT's benchmark, the chosen one
    experiment/prose: pissa 4, improvement           a mean over seeds; on code: experiment: …
    answers/basis, prose: pissa 4, loss              a question's answer, with its interval
    answers/basis: pissa 4 beside pissa 4, minor, points   in points of full tuning's improvement
    changes/rank-2: low_rank, bert_ft                times chance
    changes/whole: full rotation, bert_ft            a mean over all matrices of a model
    lab/130: lora, real                              a share at a budget; `chance, any`
    field: lora, home                                ahead of LoRA in their own authors' papers
    pooled/lora: dora, mean                          the sources' mean effect, in points; also
                                                     interval, prediction, tau, sources, certainty

In front matter an address stands in braces, in a text in `fact("…")`. There, `a - b` is a
difference, `a / b` a ratio and `mean a; b` a mean; `a > b` says "a against b" and is an error when
it is not so, since the words beside it do not fit then. `a ~ b` says that of two that are level by
the rule (`pair.Gap`), and with ` | level` nothing but this word. Addresses after the first leave
out what they begin with alike: `full, mnli - lora, mnli`, `mean full, mnli; rte`. A column `*` of a
mean is all tasks of a row. ` | 1` asks for one decimal, ` | +1` for the sign too, ` | abs 1` for
none, ` | 1 %` for a ratio in per cent. A number that no table has stands with its source and its
place there: `{= 18.9 M, hu2022lora section 4.2}`, and what a page's widget shows with what shows
it: `{= 0.40, widget dora alpha=16 angle_change}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from statistics import fmean
from typing import Any, Literal, NamedTuple, TypeAlias

from scripts.survey.facts import say
from scripts.survey.facts.pair import of_mean, tie

Form: TypeAlias = Literal["number", "percent", "count", "text"]


class Fact(NamedTuple):
    source: str
    table: str
    row: str
    column: str
    value: float
    text: str
    place: str  # in the source
    form: Form = "number"
    chosen: bool = False  # the setting that a method's name alone means
    range: float = 0  # of its metric; where it has none, nothing is level with it
    spread: float | None = None  # if one is printed: what another number has to be beyond
    low: float | None = None  # the ends of its interval, where it has one
    high: float | None = None

    @property
    def address(self) -> str:
        return f"{self.source}{'/' * bool(self.table)}{self.table}: {self.row}, {self.column}"


FORMS: dict[str, Callable[[float], str]] = {
    "count": say.count,
    "figures": say.figures,
    "rate": lambda value: f"{value:.2g}",
    "signed": lambda value: say.signed(value, 1),
}


class Maker(NamedTuple):
    """Makes the facts of a source that stand at a place."""

    source: str
    place: str

    def __call__(self, table: str, row: str, column: str, value: Any, form: str = "") -> Fact:
        """Make a fact.

        Args:
            table: Of its address, as row and column.
            value: A text, a number, or a mean with the ends of its interval.
            form: As `said` has it, or one of `FORMS`; without one its own words.
        """
        where = (self.source, table, row, column)
        if isinstance(value, str):
            return Fact(*where, 0, value, self.place, "text")
        mean, low, high = value[:3] if isinstance(value, tuple) else (value, None, None)
        if form in FORMS:
            text = FORMS[form](mean)
        else:
            text = said(mean, "number", form, low, high) if form else str(value)
        kind: Form = "percent" if "%" in form else "number"
        return Fact(*where, mean, text, self.place, kind, low=low, high=high)

    def means(
        self, table: str, row: str, runs: Iterable[Any], of: Mapping[str, Mean]
    ) -> Iterator[Fact]:
        made = list(runs)
        for column, (measure, form) in of.items():
            yield self(table, row, column, fmean(map(measure, made)), form)


Mean: TypeAlias = tuple[Callable[[Any], float], str]
"""A measure of a run, and the form of its mean."""

Provider: TypeAlias = Callable[[], Iterable[Fact]]
"""Gives all facts of a source; each is asked once, when something of it is looked up."""


class Address(NamedTuple):
    """One address within a formula, between two operators."""

    source: str
    table: str
    row: str
    column: str


def parsed(text: str, before: Address | None = None) -> Address:
    """Return the parts of an address; what is left out at its beginning is as in the one before.

    >>> parsed("hu2022lora/table-2: lora r = 8, mnli")
    Address(source='hu2022lora', table='table-2', row='lora r = 8', column='mnli')
    >>> parsed("rte", parsed("hu2022lora/table-2: full, mnli"))
    Address(source='hu2022lora', table='table-2', row='full', column='rte')

    Raises:
        LookupError: when there is no source.
    """
    where, colon, cell = text.strip().rpartition(": ")
    if not colon and before is None:
        raise LookupError(f"{text!r} is no address: it has the form `source/table: row, column`")
    source, _, table = where.partition("/")
    row, comma, column = cell.rpartition(", ")
    if before and not colon:
        return Address(before.source, before.table, row or before.row, column)
    return Address(source, table, row if comma else cell, column if comma else "")


def _of(fact: Fact) -> Address:
    return Address(fact.source, fact.table, fact.row, fact.column)


COMPARED = (" > ", " < ", " ~ ")
SIGNS = (*COMPARED, " - ", " / ")
"""Between the terms of a comparison, a difference and a ratio."""


@cache
def key(text: str) -> str:
    return re.sub(r"[\s_]+", "", text).casefold()


class Facts:
    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self.providers = providers
        self.read: dict[str, dict[str, dict[str, list[Fact]]]] = {}
        self.said: dict[str, str] = {}

    def of(self, source: str) -> dict[str, dict[str, list[Fact]]]:
        """Return the facts of a source by table and row.

        Raises:
            LookupError: when there is no such source.
        """
        if source not in self.read:
            if source not in self.providers:
                raise LookupError(f"{source!r} is no source of numbers")
            tables = dict[str, dict[str, list[Fact]]]()
            for fact in self.providers[source]():
                tables.setdefault(fact.table, {}).setdefault(fact.row, []).append(fact)
            self.read[source] = tables
        return self.read[source]

    def all(self) -> Iterator[Fact]:
        for source in self.providers:
            for rows in self.of(source).values():
                yield from chain(*rows.values())

    def row(self, address: Address) -> list[Fact]:
        """Return the facts of an address's row.

        Raises:
            LookupError: when there is no such row, or more than one; the text lists what there is.
        """
        tables = self.of(address.source)
        if address.table not in tables:
            raise LookupError(f"{address.source} has no table {address.table!r}: {_list(tables)}")
        facts, where = tables[address.table], f"{address.source}/{address.table}"
        rows = [row for row in facts if _meant(row, address.row)]
        exact = [row for row in rows if key(row) == key(address.row)]
        chosen = [row for row in rows if any(fact.chosen for fact in facts[row])]
        few = exact or (chosen if len(chosen) == 1 else rows)
        if len(few) != 1:
            kind = "more than one row" if few else "no row"
            raise LookupError(f"{where} has {kind} {address.row!r}: {_list(rows or facts)}")
        return facts[few[0]]

    def find(self, address: Address) -> list[Fact]:
        """Return the fact of an address, or those of a whole row where its column is `*`.

        Raises:
            LookupError: when there is none; the text lists what there is.
        """
        cells = self.row(address)
        if address.column == "*":
            return [fact for fact in cells if not NO_RESULT.search(fact.column)]
        facts = [fact for fact in cells if key(fact.column) == key(address.column)]
        if not facts and not address.column and len(cells) == 1:
            facts = cells
        if not facts:
            where, row = f"{address.source}/{address.table}", cells[0].row
            columns = _list(fact.column for fact in cells)
            raise LookupError(f"{where}: {row} has no column {address.column!r}: {columns}")
        return facts[:1]

    # In texts

    def say(self, text: str) -> str:
        """Return the value of an expression.

        Raises:
            LookupError: when an address leads nowhere.
            ValueError: when the expression is not well formed.
        """
        if text not in self.said:
            self.said[text] = self._say(text)
        return self.said[text]

    def _say(self, text: str) -> str:
        if text.startswith("="):
            return marked(text)
        text, _, asked = text.partition(" | ")
        sign = next((sign for sign in SIGNS if sign in text), "")
        terms = list[list[Fact]]()
        for term in text.split(sign) if sign else [text]:
            terms.append(self._term(term, terms[-1] if terms else []))
        if sign in COMPARED:
            one, other = terms
            return against(one, other, sign, asked)
        if not sign:
            return shown(terms[0], asked)
        first, *rest = map(value, terms)
        result = first / rest[0] if sign == " / " else first - sum(rest)
        return said(result, terms[0][0].form, asked or most(chain(*terms)))

    def _term(self, text: str, before: list[Fact]) -> list[Fact]:
        """Return the facts of a term: one, or those that it is the mean of."""
        mean = text.startswith("mean ")
        facts = list[Fact]()
        for part in text.removeprefix("mean ").split("; "):
            last = (facts or before)[-1:]
            facts += self.find(parsed(part, _of(last[0]) if last else None))
        if len(facts) > 1 and not mean:
            raise ValueError(f"{text!r} is many numbers: `mean` is missing before it")
        return facts

    def resolve(self, text: str) -> str:
        return BRACES.sub(lambda match: self.say(match[1]), text)

    def resolved(self, data: Any, place: str = "") -> Any:
        """Return front matter with all its texts resolved.

        Raises:
            LookupError: when an address leads nowhere; the text names the field.
        """
        if isinstance(data, dict):
            return {k: self.resolved(v, f"{place}.{k}".strip(".")) for k, v in data.items()}
        if isinstance(data, list):
            return [self.resolved(v, f"{place}.{i}") for i, v in enumerate(data)]
        if isinstance(data, str) and "{" in data:
            try:
                return self.resolve(data)
            except (LookupError, ValueError) as error:
                raise LookupError(f"{place}: {error.args[0]}") from error
        return data


NO_RESULT = re.compile(r"^(average|parameters|percent|mean of .*)$| spread$")
"""Columns of a row that a mean over all its columns leaves out."""

BRACES = re.compile(r"(?<!\\)\{((?:= |(?:mean )?[a-z]\w*(?:/[^:{}]+)?: )[^{}]+)\}")
"""An address in front matter; a brace of LaTeX that is shown has a backslash before it."""


def marked(text: str) -> str:
    """Return a number that is in no table, given with its source and its place there.

    >>> marked("= 18.9 M, hu2022lora section 4.2")
    '18.9 M'

    Raises:
        ValueError: when it comes without its source and place.
    """
    number, _, where = text.removeprefix("=").partition(", ")
    source, _, place = where.strip().partition(" ")
    if not place.strip() or not re.fullmatch(r"[a-z][\w-]+", source):
        raise ValueError(f"{text!r} does not say where it stands: {MARKED}")
    return number.strip()


def value(cells: Sequence[Fact]) -> float:
    return fmean(cell.value for cell in cells)


def most(cells: Iterable[Fact]) -> str:
    return str(max(map(decimals, cells)))


def shown(cells: Sequence[Fact], asked: str) -> str:
    """Return a term in the form that is asked for, a cell otherwise as it is printed."""
    if len(cells) == 1 and not asked:
        return cells[0].text
    return said(value(cells), cells[0].form, asked or most(cells))


def against(first: Sequence[Fact], second: Sequence[Fact], sign: str, asked: str) -> str:
    """Return two terms that are compared.

    Raises:
        ValueError: when it is not so, and the words beside them no longer fit.
    """
    word = asked == "level"
    one, other = shown(first, "" if word else asked), shown(second, "" if word else asked)
    gap = value(first) - value(second)
    so = {" > ": gap > 0, " < ": gap < 0, " ~ ": sign == " ~ " and level(first, second)}
    if not so[sign]:
        raise ValueError(
            f"{one}{sign}{other} is not so: the words beside it, and verdicts, may no longer fit"
        )
    return "level" if word else f"{one} against {other}"


def level(first: Sequence[Fact], second: Sequence[Fact]) -> bool:
    """Say whether two terms are level, as rows of a table are.

    Raises:
        ValueError: when a metric has no range that a difference could be small in.
    """
    if odd := [cell.address for cell in (*first, *second) if not cell.range]:
        raise ValueError(f"nothing says what is level with {odd[0]}")
    both = [of_mean(cell.spread for cell in cells) for cells in (first, second)]
    return tie(value(first) - value(second), both, first[0].range).side == "level"


MARKED = "`{= 18.9 M, hu2022lora section 4.2}`"


def decimals(fact: Fact) -> int:
    match = re.search(r"\.(\d+)", fact.text)
    return len(match[1]) if match else 0


def said(
    value: float, form: Form, asked: str, low: float | None = None, high: float | None = None
) -> str:
    """Return a value in the form that is asked for.

    >>> said(0.5, "number", "+1"), said(0.551, "percent", "1"), said(-0.5, "number", "abs 2")
    ('+0.5', '55.1 %', '0.50')
    >>> said(0.95, "number", "1 %"), said(2, "number", "1 to", 1.5, 2.5)
    ('95.0 %', '2.0 (1.5 to 2.5)')
    >>> said(0.81, "percent", "0 ±", 0.79, 0.83), said(3, "number", "0 ±")
    ('81 ± 2 %', '3')

    Raises:
        ValueError: when the form is not understood.
    """
    match = re.fullmatch(r"(\+|abs )?(\d)( %)?( to| ±)?", asked)
    if not match:
        raise ValueError(f"{asked!r} is no form of a number: it is 1, +1 or abs 1 for one decimal")
    sign, digits, percent, ends = match[1], int(match[2]), form == "percent" or match[3], match[4]
    times = 100 if percent else 1
    mean = times * (abs(value) if sign == "abs " else value)
    text = (say.signed if sign == "+" else say.number)(mean, digits)
    if ends and low is not None and high is not None and low < high:
        wide = say.number(times * (high - low) / 2, digits)
        around = f" ({say.interval(times * low, times * high, digits)})"
        text += around if ends == " to" else f" ± {wide}"
    return f"{text} %" if percent else text


def _meant(row: str, asked: str) -> bool:
    """Return whether a row is what is asked for: its method, and a part of its setting."""
    method, _, part = asked.partition(" ")
    name, _, setting = row.partition(" ")
    return key(method) == key(name) and key(part) in key(setting)


def _list(names: Iterable[str], most: int = 12) -> str:
    distinct = list(dict.fromkeys(names))
    return ", ".join(distinct[:most]) + (", …" if len(distinct) > most else "")
