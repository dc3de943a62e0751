"""Claims, predictions and the evidence on them, as records."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from scripts.bootstrap import ROOT
from scripts.survey.facts.records import (
    CatalogError,
    Record,
    References,
    Slug,
    Text,
    front_matter,
    validated,
)
from scripts.survey.sources.providers import facts
from scripts.survey.sources.rule import Word

CLAIMS, PREDICTIONS = "docs/claims.md", "docs/predictions.md"
PerCent = Annotated[int, Field(ge=0, le=100)]
Methods = Annotated[tuple[Slug, ...], Field(min_length=1)]


SAID = {
    "confirmed": "found by others",
    "reported": "printed by its authors",
    "partly": "in part",
    "contested": "disputed",
    "too little": "little to go by",
    "no evidence": "not measured",
    "wrong": "wrong",
    "unverified": "not read",
}
"""Words of pages for the outcome of a single claim: none that a grade's verdict has."""


class Evidence(Record):
    """A claim of a method, what became of it, and the numbers."""

    claim: Text
    verdict: Literal[
        "confirmed",
        "reported",
        "partly",
        "contested",
        "too little",
        "no evidence",
        "wrong",
        "unverified",
    ]
    numbers: Text
    sources: References
    follows: bool = False  # from the formula, the code or a count: nobody has to have measured it

    @model_validator(mode="after")
    def _possible(self) -> Evidence:
        if self.follows and self.verdict != "confirmed":
            raise ValueError("follows: says why a claim is confirmed, and this one is not")
        return self

    @property
    def said(self) -> str:
        return "follows from the formula" if self.follows else SAID[self.verdict]


class Argument(Record):
    text: Text
    methods: Methods
    sources: References


class Claim(Record):
    key: Slug
    title: Text
    statement: Text
    verdict: Word
    summary: Text
    supports: Annotated[tuple[Argument, ...], Field(min_length=1)]
    against: Annotated[tuple[Argument, ...], Field(min_length=1)]
    missing: Text  # what would settle it


class Theme(Record):
    key: Slug
    title: Text
    survey: Text
    audit: Text


class Prediction(Record):
    title: Text
    confidence: PerCent | None = None
    entry: Annotated[int, Field(ge=1)] | None = None
    statement: Text
    settles: Text
    status: Text
    reason: Text
    ours: PerCent
    ours_reason: Text
    assessed: Text
    deadline: date  # when it is judged by what is published then
    outcome: Literal["holds", "fails", "not settled"] | None = None
    settled: date | None = None  # the day of the judgement, whose reason is `reason`
    methods: Methods
    sources: References

    @model_validator(mode="after")
    def _stated(self) -> Prediction:
        if (self.confidence is None) == (self.entry is None):
            raise ValueError("has either a confidence or the entry that states it without one")
        if (self.outcome is None) != (self.settled is None):
            raise ValueError("has an outcome with the day on which it was settled, or neither")
        return self


class Claims(Record):
    """The data of docs/claims.md besides its text."""

    claims: tuple[Claim, ...]
    themes: tuple[Theme, ...]


class Predictions(Record):
    """The data of docs/predictions.md besides its text."""

    predictions: tuple[Prediction, ...]


@cache
def read_claims(root: Path = ROOT) -> Claims:
    """Return the claims and themes.

    Raises:
        CatalogError: when one is not as it should be; a line for each problem.
    """
    return validated(Claims, fields(root, CLAIMS, Claims), CLAIMS)


@cache
def read_predictions(root: Path = ROOT) -> Predictions:
    """Return the predictions.

    Raises:
        CatalogError: when one is not as it should be; a line for each problem.
    """
    return validated(Predictions, fields(root, PREDICTIONS, Predictions), PREDICTIONS)


def fields(root: Path, file: str, record: type[Record]) -> dict[str, Any]:
    """Return what a page's front matter has of a record, numbers in the place of addresses.

    Raises:
        CatalogError: when the front matter cannot be read, or an address leads nowhere.
    """
    try:
        data, _ = front_matter(root / file)
        return {
            name: facts(root).resolved(data[name], name)
            for name in record.model_fields
            if name in data
        }
    except (LookupError, ValueError) as error:
        raise CatalogError(f"{file}: {error.args[0]}") from error
