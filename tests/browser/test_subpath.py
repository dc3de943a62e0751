"""The core of a visit to a site that has a folder of its host, as a repository's pages have."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html
from playwright.sync_api import Page, expect

from demos.probe import probe
from scripts.catalog.exports import read_site
from scripts.finish.policy import add_policy
from scripts.serve import serving
from tests.browser.reader import move

URL = "https://somebody.github.io/repo"
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
TEXTS = {".bib", ".csv", ".html", ".json", ".jsonl", ".ris", ".txt", ".xml", ".yml"}


@pytest.fixture(scope="module")
def folder(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with another address; only its page for missing ones has addresses from the top."""
    copy = tmp_path_factory.mktemp("subpath") / "site"
    shutil.copytree(site_folder, copy, ignore=shutil.ignore_patterns("*.br", "*.gz"))
    for path in copy.rglob("*"):
        if path.suffix in TEXTS and "assets" not in path.parts:
            text = path.read_text("utf-8").replace(read_site().url, f"{URL}/")
            if path.name == "404.html":
                text = re.sub('"/(?!>)', '"/repo/', text)
            assert not re.search('="/(?!repo/)', text), path
            path.write_text(POLICY.sub("", text, count=1), "utf-8")
    add_policy(copy)
    return copy


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    with serving(folder) as address:
        assert address.endswith("/repo/")
        yield address


def watch(page: Page) -> list[str]:
    """Return the addresses, as they come, that the server has nothing for."""
    failed: list[str] = []
    page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    return failed


def test_a_visit_from_page_to_page_computes_with_one_python(page: Page, site: str) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    missing = watch(page)
    page.goto(f"{site}methods/lora/")
    update = move(page, "rank", "ArrowRight")
    expect(page.locator(".sentence")).to_have_text(probe("lora", update["knobs"])["sentence"])
    page.evaluate("window.sameVisit = true")
    page.locator("a[href$='/oft/']").first.evaluate("a => a.click()")
    page.wait_for_selector("adapter-demo[method=oft] .aim:not([disabled])")
    assert page.evaluate("window.sameVisit")
    assert page.url == f"{site}methods/oft/"
    update = move(page, "step", "ArrowLeft")
    assert update["method"] == "oft"
    page.go_back()
    page.wait_for_selector("adapter-demo[method=lora]")
    assert page.evaluate("window.sameVisit")
    assert missing == []
    assert [url for url in requested if not url.startswith((site, "data:", "blob:"))] == []


def test_the_editor_and_the_comparison_find_their_files(page: Page, site: str) -> None:
    page.goto(f"{site}methods/lora/#implementation")
    page.get_by_role("button", name="Edit and run").click()
    expect(page.get_by_role("textbox", name="Source of lora.py")).to_be_focused()
    page.goto(f"{site}compare/")
    page.select_option("select[name=b]", "hra")
    expect(page.locator("form[data-side=b] legend").first).to_have_text("Controls of HRA")
    expect(page.locator(".problem")).to_be_empty()


def test_a_missing_page_has_its_style_and_links_that_lead_home(page: Page, site: str) -> None:
    failed = watch(page)
    page.goto(f"{site}methods/none/of/these/")
    expect(page.locator("h1")).to_have_text("There is no such page")
    assert failed == [page.url]
    assert page.evaluate("getComputedStyle(document.querySelector('.md-header')).position") == (
        "sticky"
    )
    assert page.get_by_role("link", name="The home page").evaluate("a => a.href") == site


def test_machines_are_told_the_whole_address(folder: Path) -> None:
    whole = f"{URL}/"
    page = html.fromstring((folder / "methods/lora/index.html").read_bytes())
    assert page.xpath('//link[@rel="canonical"]/@href') == [f"{whole}methods/lora/"]
    assert page.xpath('//meta[@property="og:image"]/@content')[0].startswith(f"{whole}assets/")
    listed = [e.text or "" for e in ET.parse(folder / "sitemap.xml").iter() if "loc" in e.tag]
    assert listed
    assert all(address.startswith(whole) for address in listed)
    assert f"Sitemap: {whole}sitemap.xml" in (folder / "robots.txt").read_text("utf-8")
    assert json.loads((folder / "catalog.json").read_text("utf-8"))["site"] == whole
