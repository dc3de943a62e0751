"""The site's description of its data is true: columns, types, schema."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from scripts.bootstrap import ROOT
from scripts.catalog import exports, read, summaries
from scripts.catalog.errata import errata_csv
from scripts.catalog.exports import Site, read_site
from scripts.finish import datasets
from scripts.survey.facts import peft
from scripts.survey.facts.pair import read_models
from scripts.survey.facts.papers import read_tables
from scripts.survey.results import bets
from scripts.survey.sources import baselines, forest, head_to_head
from scripts.survey.sources.providers import facts

SITE = Site("https://example.org/", "Title", "Authors", "2026-01-02", "1.2.3")
TYPES: dict[str, Callable[[str], object]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the tables as the site publishes them."""
    out = tmp_path_factory.mktemp("site")
    (out / "data").mkdir()
    for path in (ROOT / "docs" / "data").glob("*.csv"):
        shutil.copyfile(path, out / "data" / path.name)
    compared = head_to_head.comparisons(read_tables(), [*read().names()], read_models(ROOT))
    (out / "data" / "head_to_head.csv").write_text(head_to_head.as_csv(compared), "utf-8")
    (out / "data" / "errata.csv").write_text(errata_csv(read()), "utf-8")
    (out / "bets.csv").write_text(bets.table(bets.bets()), "utf-8")
    (out / "data" / "baselines.csv").write_text(baselines.table(), "utf-8")
    for name, text in (forest.tables() | peft.leaderboards({1: "https://example.org/"})).items():
        (out / name).write_text(text, "utf-8")
    (out / "catalog.csv").write_text(exports.catalog_csv(read(), SITE), "utf-8")
    return out


def table(folder: Path, resource: dict[str, Any]) -> list[dict[str, str]]:
    lines = (folder / resource["path"]).read_text("utf-8").splitlines(keepends=True)
    mark = resource.get("dialect", {}).get("commentChar")
    return [*csv.DictReader(line for line in lines if not (mark and line.startswith(mark)))]


def test_every_published_table_is_described(folder: Path) -> None:
    package = json.loads(datasets.package(folder, SITE))
    published = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.csv"))
    assert published == sorted(resource["path"] for resource in package["resources"])


def test_a_package_describes_every_column_and_cell_of_its_tables(folder: Path) -> None:
    package = json.loads(datasets.package(folder, SITE))
    assert (package["version"], package["created"]) == ("1.2.3", "2026-01-02T00:00:00Z")
    names = [resource["name"] for resource in package["resources"]]
    assert len(set(names)) == len(names)
    for resource in package["resources"]:
        assert set(resource["name"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-._")
        assert resource["profile"] == "tabular-data-resource"
        assert (folder / resource["path"]).stat().st_size == resource["bytes"]
        assert resource["licenses"][0].keys() == {"name", "title", "path"}
        assert (resource["version"], resource["modified"]) == ("1.2.3", "2026-01-02")
        fields = {field["name"]: field for field in resource["schema"]["fields"]}
        rows = table(folder, resource)
        assert list(rows[0]) == list(fields)
        key = resource["schema"].get("primaryKey", ())
        assert len({tuple(row[name] for name in key) for row in rows}) == (len(rows) if key else 1)
        for name, field in fields.items():
            assert field["description"]
            for cell in filter(None, (row[name] for row in rows)):
                TYPES[field["type"]](cell)


def test_a_table_is_saved_under_a_name_with_version_and_date() -> None:
    page = '<a class="x" href="{}data/bias.csv">CSV</a>'
    for root in ("", "../", "../../"):
        assert 'download="bias-1.2.3-2026-01-02.csv"' in datasets.dated(page.format(root), SITE)
    for other in ('<a href="../data/none.csv">', '<a href="https://example.org/data/bias.csv">'):
        assert datasets.dated(other, SITE) == other
    named = '<a download="a.csv" href="data/bias.csv">'
    assert datasets.dated(named, SITE) == named


def test_a_column_that_nobody_described_is_named(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "data" / "experiment_cut.csv"
    path.write_text(path.read_text().replace("directions", "ways", 1))
    with pytest.raises(ValueError, match=r"experiment_cut\.csv: directions, ways is not in both"):
        datasets.package(tmp_path, SITE)


def test_pages_with_tables_are_there() -> None:
    for dataset in datasets.read().values():
        for page in dataset.pages:
            assert (ROOT / "docs" / f"{page.rstrip('/')}.md").is_file()


# The catalogue ------------------------------------------------------------------------------------


def test_the_catalogue_keeps_to_its_schema() -> None:
    schema = json.loads(datasets.SCHEMA.read_text("utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    catalogue = json.loads(exports.catalog_json(read(), SITE))
    jsonschema.validate(catalogue, schema)
    assert schema["properties"]["schema"]["const"] == exports.SCHEMA
    assert schema["$id"] == f"{read_site().url}catalog.schema.json"
    named = schema["definitions"]["method"]["properties"].keys()
    assert {name for m in catalogue["methods"] for name in m} <= named
    by = {m["slug"]: m for m in catalogue["methods"]}
    assert {one["control"] for one in by["osf"]["later"]} > {None}
    (found,) = by["psoft"]["verdict"]["supported"]
    assert found["word"] in found["sentence"].lower()
    assert found["word"] == facts().say("together: psoft 32, word")
    assert all(m["claims"] for m in catalogue["methods"])
    mistakes: list[dict[str, Any]]
    mistakes = [{"status": "new"}, {"parameters": -1}, {"papers": []}, {"slug": "Lo RA"}]
    for wrong in mistakes:
        spoilt = catalogue | {"methods": [catalogue["methods"][0] | wrong]}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(spoilt, schema)


def test_every_page_of_the_navigation_is_in_llms_txt() -> None:
    text = summaries.llms(read(), SITE)
    assert text.startswith("# Title\n\n> ")
    for m in read().methods.values():
        assert f"- [{m.title}]({SITE.url}{m.url}): {m.description}\n" in text
    for page in ("lab/", "your-adapter/", "contributing/hosting/", "questions/forgetting/"):
        assert f"({SITE.url}{page}): " in text


def test_zenodo_is_told_what_the_citation_file_says() -> None:
    told = json.loads((ROOT / ".zenodo.json").read_text("utf-8"))
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    same = {"title": "title", "version": "version", "publication_date": "date-released"}
    same |= {"description": "abstract", "keywords": "keywords"}
    for name, field in same.items():
        found = cited[field] if isinstance(cited[field], list) else str(cited[field]).strip()
        assert told[name] == found
    assert [c["name"] for c in told["creators"]] == [a["name"] for a in cited["authors"]]
    assert told["license"] == cited["license"][0]
    links = [link["identifier"] for link in told["related_identifiers"]]
    assert links == [cited["url"], cited["references"][0]["url"]]
