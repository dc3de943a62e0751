"""The judgement fields of some sources typed twice: which were drawn, and how well both agree."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, get_args

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.papers import read_tables
from scripts.survey.records import Record, Slug, Text, read_yaml
from scripts.survey.result import Rates, Source, Table

FILE = "docs/data/second_typing.yml"
Judged: TypeAlias = Literal["seeds", "copied", "rates", "tuned_on_test"]
JUDGED: tuple[Judged, ...] = get_args(Judged)
NONE = "none"


class Drawn(Record):
    """The sources that were drawn, and those from which they were."""

    seed: int
    take: Annotated[int, Field(ge=1)]
    of: tuple[Slug, ...]

    def draw(self) -> list[str]:
        """Return the sources that the seed gives."""
        return random.Random(self.seed).sample(sorted(self.of), self.take)


class Typing(Record):
    """The second reader's judgement of the tables whose ids are these or begin so."""

    tables: Annotated[tuple[Text, ...], Field(min_length=1)]
    seeds: Annotated[int, Field(ge=0)]  # 0 where none are stated
    rates: Rates
    tuned_on_test: bool = False
    copied: tuple[Slug, ...] = ()  # methods with a row of another publication
    says: Text

    def value(self, field: Judged) -> str:
        """Return a judgement as a word."""
        return _word(getattr(self, field))


class Difference(Record):
    """A difference of the two typings, and the finding when the text was read again."""

    source: Slug
    tables: tuple[Text, ...]
    field: Judged
    first: Text
    second: Text
    kept: Literal["first", "second"]
    says: Text


class Second(Record):
    """The second typing of some sources."""

    drawn: Drawn
    not_blind: tuple[Judged, ...]
    typings: dict[str, tuple[Typing, ...]]
    differences: tuple[Difference, ...]


class Pair(NamedTuple):
    """One judgement of one printed table, as both readers typed it at first."""

    source: str
    typing: Typing
    field: Judged
    first: str
    second: str


class Agreement(NamedTuple):
    """The agreement of two readers on a field, in tables of one kind as one."""

    field: Judged
    n: int
    agreed: int
    kappa: float
    blind: bool


@cache
def read_second(root: Path = ROOT) -> Second:
    """Return the second typing.

    Raises:
        CatalogError: when it is not as it should be; a line for each problem.
    """
    return read_yaml(Second, root / FILE)


def covered(source: Source, typing: Typing) -> list[Table]:
    """Return the tables that a typing speaks of."""
    return [
        table
        for table in source.tables
        if any(table.id == name or table.id.startswith(f"{name}-") for name in typing.tables)
    ]


def typed(tables: Sequence[Table], field: Judged) -> str:
    """Return what the files of tables say of a field: the words of all, where they are several."""
    if field == "copied":
        rows = [row for table in tables for row in table.rows]
        return _word({row.method for row in rows if row.run.kind == "copied"})
    return " or ".join(sorted({_word(getattr(table, field)) for table in tables}))


def pairs(second: Second, sources: Mapping[str, Source]) -> list[Pair]:
    """Return every judgement that was typed twice, as it was before differences were resolved."""
    before = {(d.source, d.tables, d.field): d.first for d in second.differences}
    return [
        Pair(
            key,
            typing,
            field,
            before.get((key, typing.tables, field)) or typed(covered(sources[key], typing), field),
            typing.value(field),
        )
        for key, typings in second.typings.items()
        for typing in typings
        for field in JUDGED
    ]


def agreements(second: Second, found: Sequence[Pair]) -> list[Agreement]:
    """Return the agreement on each field.

    Of copied rows it is asked whether there are any; which ones, the differences tell.
    """
    made = []
    for field in JUDGED:
        words = [(p.first, p.second) for p in found if p.field == field]
        if field == "copied":
            words = [(_any(one), _any(two)) for one, two in words]
        agreed = sum(one == two for one, two in words)
        blind = field not in second.not_blind
        made.append(Agreement(field, len(words), agreed, kappa(words), blind))
    return made


def kappa(found: Sequence[tuple[str, str]]) -> float:
    """Return Cohen's κ: agreement beyond what the two readers' own frequencies bring by chance.

    One where all agree, also on a single word.

    >>> found = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    >>> round(kappa(found), 3)
    0.4
    """
    n = len(found)
    seen = sum(one == two for one, two in found) / n
    first, second = (Counter(pair[i] for pair in found) for i in (0, 1))
    chance = sum(first[word] * second[word] for word in first) / n**2
    return 1.0 if chance == 1 else (seen - chance) / (1 - chance)


def compared(root: Path = ROOT) -> tuple[Second, list[Pair]]:
    """Return the second typing and every judgement that was typed twice."""
    second = read_second(root)
    return second, pairs(second, {source.key: source for source in read_tables(root)})


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, set | tuple):
        return ", ".join(sorted(value)) or NONE
    return str(value) if value else NONE


def _any(word: str) -> str:
    return word if word == NONE else "some"
