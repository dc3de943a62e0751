"""All corrections to the source survey: those of the whole, then those of every entry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scripts.bootstrap import ROOT
from scripts.catalog import Catalog
from scripts.survey.facts.records import CatalogError
from scripts.survey.sources.errata import PAGE, Placed, read_errata, table


def every(catalog: Catalog, root: Path = ROOT) -> list[Placed]:
    """Return all corrections, those that are withdrawn too, in the order of the survey."""
    of_all = [Placed("", e) for e in read_errata(root).errata]
    return of_all + [Placed(m.slug, e) for m in catalog.methods.values() for e in m.errata]


def errata_csv(catalog: Catalog) -> str:
    return table(every(catalog))


def problems(catalog: Catalog, root: Path) -> Iterator[str]:
    """Yield what of docs/errata.md cannot be read, and replies to methods without a page."""
    try:
        replies = read_errata(root).replies
    except CatalogError as error:
        yield str(error)
        return
    for i, r in enumerate(replies):
        if r.to and r.to not in catalog.methods:
            yield f"{PAGE}: replies.{i}: to: there is no page {r.to!r}"
