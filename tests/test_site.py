"""The built site: links, HTML, heads, weight, and the files for machines. `SITE` names another."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import brotli
import pytest
from lxml import etree, html
from lxml.html import defs
from matplotlib.image import imread
from pybtex.database import parse_string

from adapters_np import control, core
from demos.settings import HYPOTHESIS
from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.catalog.exports import built_site, moved, redirects
from scripts.catalog.records import DIMENSIONS, Method
from scripts.finish.compress import KINDS, LEAST
from scripts.finish.datasets import items
from scripts.finish.finish import typeset
from scripts.finish.head import HEIGHT, WIDTH
from scripts.finish.links import problems

pytestmark = pytest.mark.site
SITE = Path(os.environ.get("SITE", ROOT / "site"))
FACTS = built_site()
HEAVIEST = 260_000  # bytes on the wire of a method's page before a touch, without KaTeX's fonts
VNU = ROOT / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"

# Markup of the theme, which nobody else can change.
THEMES_OWN = re.compile(
    r"Attribute “autocomplete” is only allowed when the input type is"
    r"|Bad value “” for attribute “tabindex” on element “label”"
    r"|The value of the “for” attribute of the “label” element must"  # a page without contents
)

SLUGS = list(read().methods)
every_method = pytest.mark.parametrize("slug", SLUGS)


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    if not (SITE / "index.html").is_file():
        pytest.fail(f"{SITE} holds no built site; run python3 scripts/dev.py build")


@cache
def tree(url: str) -> Any:
    return html.fromstring((SITE / url / "index.html").read_bytes())


def pages() -> Iterator[Path]:
    return (path for path in SITE.rglob("*.html") if path.parent.name != "demo")


def meta(slug: str, name: str) -> list[str]:
    found = tree(f"methods/{slug}").xpath(f'//head/meta[@name="{name}" or @property="{name}"]')
    return [tag.get("content") for tag in found]


def method(slug: str) -> Method:
    return read().methods[slug]


# Pages --------------------------------------------------------------------------------------------


def test_nothing_is_broken_left_over_or_loaded_from_elsewhere() -> None:
    assert list(problems(SITE, FACTS.url)) == []


def test_every_page_is_read_without_a_repair_and_has_known_elements() -> None:
    """A < before a letter that is not escaped begins an element that nobody knows."""
    outside = "//*[not(ancestor-or-self::svg or ancestor-or-self::math)]"
    for path in pages():
        parser = etree.HTMLParser()
        document = etree.fromstring(path.read_bytes(), parser)
        assert [*parser.error_log] == [], path
        tags = {e.tag for e in document.xpath(outside) if "-" not in e.tag}
        assert tags <= {*defs.tags, "data", "main", "template"}, path


def kinds() -> set[Path]:
    """One page for each template: the first method of each theme stands for all the others."""
    methods = SITE / "methods"
    first = {read().of_theme(theme)[0].slug for theme in read().themes}
    own = {methods, *(methods / name for name in (*first, "prompt_tuning", min(redirects(read()))))}
    return {path for path in pages() if methods not in path.parents or path.parent in own}


def test_a_page_of_every_kind_is_valid_html() -> None:
    java = shutil.which("java")
    if java is None:
        pytest.skip("there is no java on this machine, which the HTML validator needs")
    quick = ("-Xss2m", "-XX:TieredStopAtLevel=1")  # one compiler: a second does not pay here
    says = ("--format", "json", "--errors-only", "--exit-zero-always")
    command = [java, *quick, "-jar", str(VNU), *says, *map(str, kinds())]
    done = subprocess.run(command, capture_output=True, text=True)
    messages = json.loads(done.stderr)["messages"]
    errors = {
        f"{Path(m['url']).relative_to(SITE.resolve().as_uri())}:{m.get('lastLine')}: {m['message']}"
        if m.get("url")
        else m["message"]
        for m in messages
        if not THEMES_OWN.match(m["message"])
    }
    assert errors == set()


def test_mathematics_is_typeset_everywhere() -> None:
    for path in pages():
        assert 'class="arithmatex"' not in path.read_text("utf-8"), path
    for slug in SLUGS:
        assert tree(f"methods/{slug}").xpath('//article//*[@class="katex"]'), slug


@every_method
def test_a_method_s_page_has_its_widgets(slug: str) -> None:
    demos = tree(f"methods/{slug}").xpath("//article//adapter-demo")
    assert [demo.get("method") for demo in demos] == list(method(slug).modules)
    for demo in demos:
        assert demo.xpath('.//*[@class="picture"]//img[starts-with(@src, "data:image/png")]')
        controls = {e.get("name") for e in demo.xpath(".//input | .//select")}
        assert controls >= core.knobs(core.load(demo.get("method"))).keys()
        assert (HYPOTHESIS in controls) == bool(control.controls(demo.get("method")))
    compared = tree(f"methods/{slug}").xpath('//a[contains(@class, "compare")]/@href')
    assert all(f"/compare/?a={method(slug).modules[0]}&b=" in address for address in compared)
    for module in method(slug).changes:  # has sentences on them
        (form,) = tree(f"methods/{slug}").xpath(f"//adapter-demo[@id='try-{module}']//form")
        assert "real" in form.xpath(".//p[@class='remark']/@data-world")


@every_method
def test_a_method_s_page_is_light_before_a_touch(slug: str) -> None:
    page = f"methods/{slug}/index.html"
    loaded = {page, *loaded_by(page)}
    assert not any("/py/" in name or "worker" in name for name in loaded)
    assert sum(map(on_the_wire, loaded)) <= HEAVIEST, {n: on_the_wire(n) for n in loaded}


def loaded_by(page: str) -> Iterator[str]:
    """Yield the styles, scripts, fonts and images that a page loads by itself."""
    document = html.fromstring((SITE / page).read_bytes())
    styles = document.xpath('//link[@rel="stylesheet" or @rel="icon"]/@href')
    for address in [*styles, *document.xpath("//script/@src"), *document.xpath("//img/@src")]:
        if not address.startswith("data:"):
            name = local(page, address)
            yield name
            if name.endswith(".css"):
                style = (SITE / name).read_text("utf-8")
                faces = re.findall(r'url\("?([^"):]+woff2)', style)
                yield from (local(name, face) for face in faces if "KaTeX" not in face)
            if name.endswith(".js"):
                yield from imports(name)


def local(base: str, address: str) -> str:
    return urlsplit(urljoin(f"https://site/{base}", address)).path.lstrip("/")


def imports(script: str) -> Iterator[str]:
    """Yield the modules that a module imports at once, and those that they import."""
    text = (SITE / script).read_text("utf-8")
    for address in re.findall(r'(?:\bfrom|\bimport)\s*"(\./[^"]+\.js)"', text):
        name = local(script, address)
        yield name
        yield from imports(name)


def on_the_wire(name: str) -> int:
    packed = SITE / f"{name}.br"
    return (packed if packed.exists() else SITE / name).stat().st_size


# Heads --------------------------------------------------------------------------------------------


@every_method
def test_the_head_describes_and_cites_the_page_and_its_publications(slug: str) -> None:
    m = method(slug)
    assert meta(slug, "citation_title") == [f"{m.title} – {FACTS.title}"]
    assert meta(slug, "citation_publication_date") == [FACTS.date.replace("-", "/")]
    titles = [read().papers[key].title for key in m.references]
    references = meta(slug, "citation_reference")
    for title, reference in zip(titles, references, strict=True):
        assert f"citation_title={title};" in reference
    (script,) = tree(f"methods/{slug}").xpath('//script[@type="application/ld+json"]')
    data = json.loads(script.text)
    assert [c["name"] for c in data["citation"]] == titles
    assert meta(slug, "description") == meta(slug, "og:description") == [m.description]


def test_the_picture_of_links_is_there_in_its_size() -> None:
    (picture,) = meta("lora", "og:image")
    assert imread(SITE / picture.removeprefix(FACTS.url)).shape[:2] == (HEIGHT, WIDTH)


def test_every_page_says_what_it_is_and_how_it_and_its_tables_are_cited() -> None:
    """Method pages have a section on it, and all others but the first a fold at their foot."""
    own = {"", *(m.url for m in read().methods.values())}
    for path in SITE.rglob("index.html"):
        document, url = html.fromstring(path.read_bytes()), path.relative_to(SITE).as_posix()[:-10]
        if document.xpath('//meta[@http-equiv="refresh"]'):
            continue
        for query in ("head/title", 'meta[@name="description"]', 'meta[@property="og:image"]'):
            assert len(document.xpath(f"//{query}")) == 1, (path, query)
        (title,) = document.xpath('//meta[@name="citation_title"]/@content')
        assert title.endswith(FACTS.title)
        assert document.xpath('//meta[@name="citation_author"]/@content') == [f"{FACTS.author},"]
        assert document.xpath('//link[@rel="canonical"]/@href') == [FACTS.url + url]
        assert document.xpath('//meta[@name="citation_public_url"]/@content') == [FACTS.url + url]
        if url not in own:
            listing = document.xpath('//details[contains(@class, "cite")]//code/text()')[0]
            page, *tables = parse_string(listing, "bibtex").entries.items()
            assert page[1].fields["url"] == FACTS.url + url
            assert [key for key, _ in tables] == [item["id"] for item in items(url, FACTS)]


@every_method
def test_a_method_s_page_has_about_700_words_in_view(slug: str) -> None:
    article = html.fromstring((SITE / f"methods/{slug}/index.html").read_bytes()).find(".//article")
    closed = article.xpath(".//details[not(@open)]/*[not(self::summary)]")
    drawn = article.xpath(".//svg | .//math | .//pre | .//select | .//script | .//noscript")
    for part in (*closed, *drawn, *article.xpath(".//*[@hidden or @aria-hidden='true']")):
        part.clear(keep_tail=True)
    assert len(" ".join(article.itertext()).split()) <= 720


# Grades -------------------------------------------------------------------------------------------


@every_method
def test_a_page_shows_the_evidence_behind_each_verdict(slug: str) -> None:
    m = method(slug)
    shown = tree(f"methods/{slug}").xpath('//details[@class="fold dimension"]')
    assert len(shown) == len(m.verdicts)
    for section, (dimension, verdict) in zip(shown, m.verdicts.items(), strict=True):
        text = " ".join(section.text_content().split())
        assert section.get("id") == f"grade-{dimension}"
        assert section.xpath('.//span[contains(@class, "badge")]/text()') == [verdict.word]
        assert f"{verdict.F:.1f} for : {verdict.A:.1f} against" in text
        assert ("nearest other verdict" in text or "is on a boundary" in text) == bool(verdict.near)
        rows = section.xpath(".//tbody/tr[not(@class)]")
        units = [(f.unit, f.finding, f"{f.weight}") for f in m.found(dimension)]
        # A number and its unit are joined by a space that does not break.
        cells = [tuple(td.text_content().replace("\xa0", " ") for td in row[:3]) for row in rows]
        assert sorted(cells) == sorted(units)


# Files for machines -------------------------------------------------------------------------------


def test_the_catalogue_as_csv_holds_the_same_totals() -> None:
    rows = [*csv.DictReader((SITE / "catalog.csv").read_text("utf-8").splitlines())]
    assert [row["slug"] for row in rows] == SLUGS
    for row in rows:
        m = method(row["slug"])
        if m.graded:
            assert float(row["survey"]) == m.survey_total
            assert float(row["confirmed"]) == m.confirmed
            assert sum(int(row[f"survey_{d}"]) for d in DIMENSIONS) == len(m.survey)
        else:
            assert row["survey"] == row["confirmed"] == ""


def test_the_home_page_leads_to_every_part_of_the_site() -> None:
    tabs = tree("").xpath('//a[@class="md-tabs__link"]')
    names = [tab.text_content().strip() for tab in tabs]
    assert names == ["Story", "Methods", "Findings", "Lab", "Choose", "About"]


def test_every_other_name_of_a_method_leads_to_its_page() -> None:
    assert redirects(read())["prompt-tuning"] == "prompt_tuning"
    for alias, slug in redirects(read()).items():
        document = html.fromstring((SITE / "methods" / alias / "index.html").read_bytes())
        assert document.xpath("//body//a/@href") == [f"../../methods/{slug}/"]
        (refresh,) = document.xpath('//meta[@http-equiv="refresh"]/@content')
        assert refresh == f"0; url=../../methods/{slug}/"


def test_every_old_page_and_heading_leads_to_an_id_that_is_there() -> None:
    for page, places in moved().items():
        assert (SITE / page / "index.html").exists()
        for new in places.values():
            to, _, anchor = new.partition("#")
            assert not anchor or tree(to).xpath(f'//*[@id="{anchor}"]'), f"{page} leads to {new}"


def test_the_sitemap_holds_every_page_and_no_old_address() -> None:
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    listed = {e.text for e in ET.parse(SITE / "sitemap.xml").iter(f"{space}loc")}
    assert listed >= {FACTS.url, *(FACTS.url + m.url for m in read().methods.values())}
    assert not listed & {f"{FACTS.url}methods/{alias}/" for alias in redirects(read())}


def test_large_files_have_twins_with_the_same_bytes() -> None:
    for path in SITE.rglob("*"):
        python = "py" in path.parts and path.suffix in (".wasm", ".zip", ".mjs", ".bin")
        if python or (path.suffix in KINDS and path.stat().st_size >= LEAST):
            data = path.read_bytes()
            assert brotli.decompress(path.with_name(f"{path.name}.br").read_bytes()) == data, path
            assert gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()) == data, path


def test_pyodides_core_offers_only_what_something_here_can_call() -> None:
    whole = (ROOT / "node_modules/pyodide/pyodide.asm.wasm").read_bytes()
    (served,) = (SITE / "assets" / "py").rglob("pyodide.asm.wasm")
    names = (b"PyObject_GetAttrString", b"sqlite3_blob_close", b"ZSTD_compressCCtx")
    assert [name in whole for name in names] == [True, True, True]
    assert [name in served.read_bytes() for name in names] == [True, False, False]


# Another generator --------------------------------------------------------------------------------


@pytest.mark.weekly
def test_zensical_makes_the_same_pages(tmp_path: Path) -> None:
    """Not `--strict`: now and then it asks for a page that it has not read yet (its issue 641)."""
    drawn = (".build/demos", ".build/compare", ".build/lab", ".build/stage")
    for name in ("adapters_np", "demos", "docs", "overrides", "scripts", *drawn):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("mkdocs.yml", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    done = subprocess.run(["zensical", "build"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    ours = {
        p.relative_to(ROOT / ".build/pages") for p in (ROOT / ".build/pages").rglob("index.html")
    }
    made = {p.relative_to(tmp_path / "site") for p in (tmp_path / "site").rglob("index.html")}
    assert made == ours
    known = shutil.copytree(ROOT / ".build/equations", tmp_path / "equations")
    typeset(tmp_path / "site", known)
    left = [p for p in problems(tmp_path / "site", FACTS.url) if "left over" in p]
    assert left == []
