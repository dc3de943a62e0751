"""Corrections to the source survey: of what kind, how much rests on each, withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

from pydantic import model_validator

from scripts.bootstrap import ROOT
from scripts.survey.facts.reader import as_csv
from scripts.survey.facts.records import Record, References, Text, validated
from scripts.survey.sources.claims import fields

PAGE = "docs/errata.md"
Kind: TypeAlias = Literal["number", "mathematics", "sketch", "evidence", "attribution", "addition"]
"""Kinds of corrections; an addition says what the survey leaves out, and corrects nothing."""
Severity: TypeAlias = Literal["serious", "moderate", "slight"]
"""The severity of a correction; the page says when it is which."""
KINDS: tuple[Kind, ...] = get_args(Kind)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


class Erratum(Record):
    says: Text
    correct: Text
    sources: References
    kind: Kind | None = None
    severity: Severity | None = None
    withdrawn: Text | None = None  # why it was no mistake

    @model_validator(mode="after")
    def _sorted(self) -> Erratum:
        sort = (self.kind is not None, self.severity is not None)
        if sort != ((False, False) if self.withdrawn else (True, True)):
            raise ValueError("has a kind and a severity, or is withdrawn and has neither")
        return self


class Errata(Record):
    errata: tuple[Erratum, ...]


class Placed(NamedTuple):
    """A correction and the page that it is on, "" for the survey as a whole."""

    slug: str
    erratum: Erratum


@cache
def read_errata(root: Path = ROOT) -> Errata:
    """Return what concerns the survey as a whole.

    Raises:
        CatalogError: when one is not as it should be; a line for each problem.
    """
    return validated(Errata, fields(root, PAGE, Errata), PAGE)


def standing(placed: Iterable[Placed]) -> list[Placed]:
    """Return what is not withdrawn: by kind, and in each what most rests on first."""
    return sorted(
        (p for p in placed if p.erratum.kind and p.erratum.severity),
        key=lambda p: (
            KINDS.index(p.erratum.kind or "addition"),
            SEVERITIES.index(p.erratum.severity or "slight"),
        ),
    )


COLUMNS = ("method", "kind", "severity", "says", "correct", "source", "withdrawn")


def table(placed: Iterable[Placed]) -> str:
    """Return every correction as CSV, those that are withdrawn with the reason."""
    rows: list[tuple[str, ...]] = [COLUMNS]
    for slug, e in placed:
        source = "; ".join(", ".join(filter(None, s)) for s in e.sources)
        given = (e.kind or "", e.severity or "", e.says, e.correct, source, e.withdrawn or "")
        rows.append((slug, *given))
    return as_csv(rows)
