"""The tables that the site publishes, told to machines as Frictionless Data.

`docs/data/datasets.yml` says what every column means.
"""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import BeforeValidator, Field

from demos.reach import FAMILIES
from scripts.bootstrap import ROOT
from scripts.catalog.citations import Item, data_item
from scripts.catalog.exports import Site
from scripts.catalog.records import DIMENSIONS
from scripts.survey.facts.records import Loader, Record, Slug, Text, validated

FILE = ROOT / "docs" / "data" / "datasets.yml"
PACKAGE = "datapackage.json"
SCHEMA = ROOT / "scripts" / "catalog" / "catalog.schema.json"
"""The schema of catalog.json."""

Licence = Literal["CC-BY-4.0", "Apache-2.0"]
LICENCES: dict[Licence, tuple[str, str]] = {
    "CC-BY-4.0": (
        "Creative Commons Attribution 4.0",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "Apache-2.0": ("Apache License 2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
}
WORDS: dict[str, dict[str, str]] = {
    "family": {name: family.title for name, family in FAMILIES.items()},
    "dimension": {str(name): title for name, title in DIMENSIONS.items()},
}
"""Placeholders in a column's name, and their values in its description."""


class Column(NamedTuple):
    type: Literal["string", "integer", "number", "boolean", "date"]
    meaning: str
    unit: str = ""


def column(entry: Any) -> Any:
    """Return a column from its line, [type, meaning] or [type, meaning, unit]."""
    return Column(*entry) if isinstance(entry, list) and len(entry) in (2, 3) else entry


class Source(Record):
    """The source of the numbers, if they are not from here."""

    title: Text
    path: Text


class Dataset(Record):
    path: Text
    title: Text
    description: Text
    licence: Licence
    pages: Annotated[tuple[Text, ...], Field(min_length=1)]
    columns: dict[str, Annotated[Column, BeforeValidator(column)]]
    key: tuple[str, ...] = ()  # the columns that tell rows apart
    command: Text | None = None
    source: Source | None = None
    comment: Text | None = None
    awaited: bool = False
    """True if a study is still to make it: until its first row is there it is not published."""

    @property
    def there(self) -> bool:
        return not self.awaited or (ROOT / "docs" / self.path).exists()

    def described(self) -> dict[str, Column]:
        columns = {}
        for name, column in self.columns.items():
            word = next((word for word in WORDS if f"{{{word}}}" in name), "")
            for key, title in WORDS.get(word, {"": ""}).items():
                meaning = column.meaning.replace("{title}", title)
                columns[name.replace(f"{{{word}}}", key)] = column._replace(meaning=meaning)
        return columns

    def header(self, folder: Path) -> list[str]:
        with (folder / self.path).open(encoding="utf-8", newline="") as file:
            lines = (x for x in file if not (self.comment and x.startswith(self.comment)))
            return next(csv.reader(lines))


class Datasets(Record):
    datasets: dict[Slug, Dataset]


@cache
def read(path: Path = FILE) -> dict[str, Dataset]:
    """Return all tables by their names, but for those that are awaited.

    Raises:
        CatalogError: when something of one is missing, unknown or wrong.
    """
    tables = validated(Datasets, yaml.load(path.read_text("utf-8"), Loader), path.name).datasets
    return {name: dataset for name, dataset in tables.items() if dataset.there}


# Frictionless Data --------------------------------------------------------------------------------


def package(folder: Path, site: Site) -> str:
    """Return the data package of the tables in a built site: every column's meaning, as JSON.

    Source: https://specs.frictionlessdata.io, version 1.

    Raises:
        ValueError: when a table has a column that is not described, or not one that is.
    """
    whole = {
        "profile": "tabular-data-package",
        "name": "adapters-as-hypotheses",
        "title": site.title,
        "homepage": site.url,
        "version": site.version,
        "created": f"{site.date}T00:00:00Z",
        "contributors": [{"title": site.author, "path": site.url, "role": "author"}],
        "licenses": [_licence(name) for name in LICENCES],
        "resources": [_resource(name, d, folder, site) for name, d in read().items()],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _licence(name: Licence) -> dict[str, str]:
    title, path = LICENCES[name]
    return {"name": name, "title": title, "path": path}


def _resource(name: str, dataset: Dataset, folder: Path, site: Site) -> dict[str, Any]:
    data, columns = (folder / dataset.path).read_bytes(), dataset.described()
    header = dataset.header(folder)
    if wrong := set(header) ^ columns.keys():
        raise ValueError(
            f"{dataset.path}: {', '.join(sorted(wrong))} is not in both the table and {FILE.name}"
        )
    resource: dict[str, Any] = {
        "profile": "tabular-data-resource",
        "name": name.replace("_", "-"),
        "path": dataset.path,
        "title": dataset.title,
        "description": dataset.description,
        "homepage": site.url + dataset.pages[0],
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": f"sha256:{sha256(data).hexdigest()}",
        "version": site.version,
        "modified": site.date,
        "licenses": [_licence(dataset.licence)],
        "schema": {"fields": [_field(n, columns[n]) for n in header], "missingValues": [""]},
    }
    if dataset.key:
        resource["schema"]["primaryKey"] = list(dataset.key)
    if dataset.comment:
        resource["dialect"] = {"commentChar": dataset.comment}
    if dataset.source:
        resource["sources"] = [dataset.source.model_dump()]
    return resource


def _field(name: str, column: Column) -> dict[str, str]:
    unit = {"unit": column.unit} if column.unit else {}
    return {"name": name, "type": column.type, "description": column.meaning} | unit


# Links --------------------------------------------------------------------------------------------

LINK = re.compile(r'<a (?=[^>]*\bhref="(?:\.\./)*(?P<path>[^":?#]+\.csv)")(?![^>]*\bdownload\b)')


def dated(html: str, site: Site) -> str:
    """Return a page whose links to tables save them under a name with version and date.

    A line about them within a table would be a row to most programs that read it.

    >>> site = Site("https://example.org/", "Title", "Authors", "2026-01-02", "1.2.3")
    >>> dated('<a href="../data/atlas.csv">CSV</a>', site)
    '<a download="atlas-1.2.3-2026-01-02.csv" href="../data/atlas.csv">CSV</a>'
    """
    published = {dataset.path for dataset in read().values()}

    def named(match: re.Match[str]) -> str:
        path = match["path"]
        if path not in published:
            return match[0]
        return f'<a download="{Path(path).stem}-{site.version}-{site.date}.csv" '

    return LINK.sub(named, html)


def items(url: str, site: Site) -> list[Item]:
    """Return the tables that a page shows as CSL-JSON; `url` is below the site's."""
    shown = ((name, dataset) for name, dataset in read().items() if url in dataset.pages)
    return [data_item(name, dataset.title, dataset.path, site) for name, dataset in shown]
