"""Claims of a method and the evidence on them, as records."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from scripts.survey.facts.records import (
    CatalogError,
    Record,
    References,
    Text,
    front_matter,
)
from scripts.survey.sources.providers import facts

SAID = {
    "confirmed": "found by others",
    "reported": "reported by its authors",
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
