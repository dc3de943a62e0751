"""Risk of bias of a source, by domain: how far the way in which it came about may mislead.

What the tables tell is computed: who has an interest, whether the baseline was tuned, how many
seeds there are, what was copied, whether budgets are printed. `docs/data/bias.yml` holds what only
the source's words tell. What neither tells is not stated, which counts as some risk.

A table has a judgement in each domain; a source has that of most of its tables, of equally many
the worse one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeAlias

import yaml
from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts.peft import KEY as PEFT
from scripts.survey.facts.reader import as_csv
from scripts.survey.facts.records import CatalogError, Loader, Record, Text, validated
from scripts.survey.facts.result import FULL, Rates, Row, Source, Table

LORA = "lora"
SEEDS = 3
FEW = 3  # places that are named; more are counted

Group: TypeAlias = Literal["authors", "rivals", "independents", "benchmark", "here"]
GROUPS: dict[Group, str] = {
    "authors": "its authors",
    "rivals": "authors of another method",
    "independents": "independent authors",
    "benchmark": "PEFT’s benchmark",
    "here": "this site’s experiment",
}
"""Groups that print results of a method, as readers know them."""

Risk: TypeAlias = Literal["low", "some", "not stated", "high"]
RISKS: tuple[Risk, ...] = ("low", "some", "not stated", "high")
"""From the least to the most; of equally many tables, what is not stated is worse than some."""

Domain: TypeAlias = Literal[
    "interest", "tuning", "rates", "chosen", "seeds", "copied", "budget", "selective"
]
DOMAINS: dict[Domain, tuple[str, str]] = {
    "interest": ("Interest", "Did others than the method's authors run it?"),
    "tuning": ("Baseline tuned", "Was the baseline's learning rate searched as well?"),
    "rates": ("Who set rates", "Did the source set all rates itself, by a search?"),
    "chosen": ("Test untouched", "Was what is printed chosen on other data than the test's?"),
    "seeds": ("Seeds", "Are there three seeds or more, with their spread?"),
    "copied": ("Own baseline", "Did the source run the baseline itself?"),
    "budget": ("Budget", "Are sizes printed, and is the training alike?"),
    "selective": ("Nothing left out", "Is all printed that was run?"),
}
"""The name of each domain, and the question whose yes is a low risk."""


class Judgement(NamedTuple):
    """A risk and why."""

    risk: Risk
    says: str


class Typed(Record):
    """A judgement that the source's words give, for some tables or for all."""

    risk: Literal["low", "some", "high"]
    says: Text
    tables: tuple[Text, ...] = ()

    def speaks_of(self, table: str) -> bool:
        """Return whether it is about a table: its id, or what that begins with before a hyphen.

        >>> Typed(risk="low", says="x", tables=("table-1",)).speaks_of("table-13")
        False
        """
        return not self.tables or any(f"{table}-".startswith(f"{t}-") for t in self.tables)


class Read(Record):
    sources: dict[str, dict[Domain, Annotated[tuple[Typed, ...], Field(min_length=1)]]]


Typing: TypeAlias = Mapping[str, Mapping[Domain, tuple[Typed, ...]]]


@cache
def read(root: Path = ROOT) -> Typing:
    """Return all typed judgements by source and domain.

    Raises:
        CatalogError: when the file is not as it should be.
    """
    path = root / "docs/data/bias.yml"
    try:
        data = yaml.load(path.read_text("utf-8"), Loader=Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise CatalogError(f"docs/data/bias.yml: {' '.join(str(error).split())}") from error
    return validated(Read, {"sources": data}, "docs/data/bias.yml").sources


def check(sources: Iterable[Source], typed: Typing) -> None:
    """Raise `CatalogError` when a typed judgement is of no source or of no table of it."""
    tables = {source.key: [table.id for table in source.tables] for source in sources}
    for key, domains in typed.items():
        if key not in tables:
            raise CatalogError(f"docs/data/bias.yml: {key} is no source of tables")
        for domain, judgements in domains.items():
            for one in judgements:
                for name in one.tables:
                    part = Typed(risk="low", says=".", tables=(name,))
                    if not any(map(part.speaks_of, tables[key])):
                        raise CatalogError(
                            f"docs/data/bias.yml: {key}, {domain}: no table is called {name!r}: "
                            f"{', '.join(tables[key])}"
                        )


# Judgements from tables ---------------------------------------------------------------------------

TUNED: dict[Rates, Judgement] = {
    "both_tuned": Judgement("low", "both rates searched"),
    "shared": Judgement("some", "one rate for both"),
    "method_tuned": Judgement("high", "the method's rate searched, the baseline's not"),
    "unknown": Judgement("not stated", "search not stated"),
}


def _tuning(table: Table) -> Judgement:
    return TUNED[table.rates]


def _seeds(table: Table) -> Judgement:
    if table.seeds is None:
        return Judgement("not stated", "seeds not stated")
    if table.seeds < SEEDS:
        return Judgement("high", f"{table.seeds} seed{'s' if table.seeds > 1 else ''}")
    if any(row.spread for row in table.rows):
        return Judgement("low", f"{table.seeds} seeds with spread")
    return Judgement("some", f"{table.seeds} seeds, no spread printed")


def _copied(table: Table) -> Judgement:
    kinds = {row.run.kind for row in table.rows if row.method in (LORA, FULL)}
    if "copied" in kinds:
        return Judgement("high", "a baseline copied from another source")
    if "unclear" in kinds:
        return Judgement("not stated", "unclear who ran the baseline")
    return Judgement("low", "baselines run by the source" if kinds else "no such baseline")


def _budget(table: Table) -> Judgement:
    sized = [row for row in table.rows if row.method != FULL]
    if sized and all(map(_sized, sized)):
        return Judgement("low", "all sizes printed")
    if any(map(_sized, sized)):
        return Judgement("some", "some sizes not printed")
    return Judgement("not stated", "sizes not printed")


def _sized(row: Row) -> bool:
    return row.parameters is not None or row.percent is not None


COMPUTED: dict[Domain, Callable[[Table], Judgement]] = {
    "tuning": _tuning, "seeds": _seeds, "copied": _copied, "budget": _budget,
}  # fmt: skip


def of_table(source: Source, table: Table, domain: Domain, typed: Typing) -> Judgement:
    for one in typed.get(source.key, {}).get(domain, ()):
        if one.speaks_of(table.id):
            return Judgement(one.risk, one.says)
    if domain in COMPUTED:
        return COMPUTED[domain](table)
    return Judgement("not stated", "not stated")


def group(source: Source, own: Sequence[str]) -> Group:
    if source.ours:
        return "here"
    if source.key == PEFT:
        return "benchmark"
    by = source.run_by(own)
    return "authors" if by == "authors" else "rivals" if by == "rival" else "independents"


INTEREST: dict[Group, Risk] = {
    "authors": "high", "rivals": "some", "independents": "low", "benchmark": "low", "here": "some",
}  # fmt: skip


def interest(source: Source, own: Sequence[str]) -> Judgement:
    who = group(source, own)
    if who == "rivals" and not own:
        return Judgement(INTEREST[who], f"authors of {', '.join(source.authors_of)}")
    return Judgement(INTEREST[who], GROUPS[who])


Judged: TypeAlias = dict[Domain, Judgement]


def judged(
    source: Source, tables: Sequence[Table], typed: Typing, own: Sequence[str] = ()
) -> Judged:
    """Return the judgements of a source in all domains, from one of its tables or more.

    `own` are the modules of the method that is asked about, if one is.
    """
    risks: Judged = {"interest": interest(source, own)}
    for domain in DOMAINS:
        if domain != "interest":
            each = [of_table(source, table, domain, typed) for table in tables]
            risks[domain] = most(each, [table.place for table in tables])
    return risks


def most(judgements: Sequence[Judgement], places: Sequence[str]) -> Judgement:
    """Return the judgement of most tables, of equally many the worse; all reasons are named.

    >>> a, b = Judgement("low", "a"), Judgement("high", "b")
    >>> most([a, b, b], ["Table 1", "Table 2", "Table 3"])
    Judgement(risk='high', says='b (Table 2 and Table 3); a (Table 1)')
    """
    risks = Counter(j.risk for j in judgements)
    risk = max(risks, key=lambda r: (risks[r], RISKS.index(r)))
    by_reason: dict[str, list[str]] = {}
    for judgement, place in zip(judgements, places, strict=True):
        by_reason.setdefault(judgement.says, []).append(place)
    if len(by_reason) == 1:
        return Judgement(risk, judgements[0].says)
    ranked = sorted(by_reason.items(), key=lambda item: -len(item[1]))
    return Judgement(risk, "; ".join(f"{says} ({_where(tables)})" for says, tables in ranked))


def _where(places: Sequence[str]) -> str:
    known = list(dict.fromkeys(places))
    return " and ".join(known) if len(known) <= FEW else f"{len(places)} tables"


# All domains together -----------------------------------------------------------------------------

POINTS: dict[Risk, int] = {"low": 0, "some": 1, "not stated": 1, "high": 2}
LOW, HIGH = 3, 7
"""Points over all domains up to which a source is of low risk, and from which of high risk."""


def overall(risks: Judged) -> Risk:
    """Return a source's risk over all domains: low, some or high.

    It never falls when a domain gets worse.
    """
    points = sum(POINTS[j.risk] for j in risks.values())
    return "low" if points <= LOW else "high" if points >= HIGH else "some"


def table(sources: Iterable[Source], typed: Typing) -> str:
    """Return the judgement of every source in every domain, as CSV."""
    rows = [
        (source.key, domain, one.risk, one.says)
        for source in sources
        for domain, one in judged(source, source.tables, typed).items()
    ]
    return as_csv((("source_key", "domain", "risk", "says"), *rows))
