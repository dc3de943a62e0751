"""All corrections to the source survey: those of the whole, then those of every entry."""

from __future__ import annotations

from pathlib import Path

from scripts.bootstrap import ROOT
from scripts.catalog import Catalog
from scripts.survey.sources.errata import Placed, read_errata, table


def every(catalog: Catalog, root: Path = ROOT) -> list[Placed]:
    """Return all corrections, those that are withdrawn too, in the order of the survey.

    Raises:
        CatalogError: when docs/errata.md cannot be read; a line for each problem.
    """
    of_all = [Placed("", e) for e in read_errata(root).errata]
    return of_all + [Placed(m.slug, e) for m in catalog.methods.values() for e in m.errata]


def errata_csv(catalog: Catalog) -> str:
    return table(every(catalog))
