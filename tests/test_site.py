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
from scripts.catalog.exports import built_site, redirects
from scripts.catalog.records import DIMENSIONS, Method, Peft
from scripts.finish.compress import KINDS, LEAST
from scripts.finish.datasets import items
from scripts.finish.finish import typeset
from scripts.finish.head import HEIGHT, WIDTH
from scripts.finish.links import problems
from scripts.macros.real_changes import rows
from scripts.survey.facts.say import signed
from scripts.survey.sources import forest

pytestmark = pytest.mark.site
SITE = Path(os.environ.get("SITE", ROOT / "site"))
FACTS = built_site()
HEAVIEST = 300_000  # bytes on the wire that a method's page may take before a touch
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
        said = form.getparent().xpath(".//template[@class='written']/p/@data-world")
        assert {form.get("data-friendly"), form.get("data-hostile"), "real"} <= set(said)


@every_method
def test_a_method_s_page_is_light_before_a_touch(slug: str) -> None:
    page = f"methods/{slug}/index.html"
    loaded = {page, *loaded_by(page)}
    assert not any("/py/" in name or "worker" in name for name in loaded)
    assert sum(map(on_the_wire, loaded)) <= HEAVIEST, {n: on_the_wire(n) for n in loaded}


def loaded_by(page: str) -> Iterator[str]:
    """Yield the styles, scripts, fonts and images that a page loads by itself."""
    text = (SITE / page).read_text("utf-8")
    document = html.fromstring(text)
    styles = document.xpath('//link[@rel="stylesheet" or @rel="icon"]/@href')
    for address in [*styles, *document.xpath("//script/@src"), *document.xpath("//img/@src")]:
        if not address.startswith("data:"):
            name = local(page, address)
            yield name
            if name.endswith(".css"):
                yield from fonts(name, text)
            if name.endswith(".js"):
                yield from imports(name)


def local(base: str, address: str) -> str:
    return urlsplit(urljoin(f"https://site/{base}", address)).path.lstrip("/")


def fonts(style: str, text: str) -> Iterator[str]:
    """Yield the fonts of text, and those of mathematics that some class on the page asks for."""
    rules = (SITE / style).read_text("utf-8")
    classes = set(re.findall(r"[\w-]+", " ".join(re.findall(r'class="([^"]*)"', text))))
    used = set()
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", rules):
        if "@font-face" not in selectors and re.search(r"KaTeX_\w+", body):
            named = [set(re.findall(r"\.([\w-]+)", s)) for s in selectors.split(",")]
            if any(names <= classes for names in named):
                used.add(face(body))
    for body in re.findall(r"@font-face\s*\{([^}]*)\}", rules):
        if "KaTeX_" not in body or face(body) in used:
            yield from (local(style, url) for url in re.findall(r'url\("?([^")]+woff2)', body))


def face(body: str) -> tuple[str, bool, bool]:
    """Return the family of mathematics that a rule names, and whether it is slanted and bold."""
    family = re.search(r"KaTeX_\w+", body)
    return (
        family[0] if family else "",
        "italic" in body,
        bool(re.search(r"weight:(700|bold)", body)),
    )


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
    assert meta(slug, "citation_author") == [f"{FACTS.author},"]
    assert meta(slug, "citation_publication_date") == [FACTS.date.replace("-", "/")]
    address = FACTS.url + m.url
    assert meta(slug, "citation_public_url") == [address]
    assert tree(f"methods/{slug}").xpath('//link[@rel="canonical"]/@href') == [address]
    references = meta(slug, "citation_reference")
    assert len(references) == len(m.references)
    for key, reference in zip(m.references, references, strict=True):
        assert f"citation_title={read().papers[key].title};" in reference

    (script,) = tree(f"methods/{slug}").xpath('//script[@type="application/ld+json"]')
    data = json.loads(script.text)
    assert data["@type"] == "ScholarlyArticle"
    assert data["url"] == FACTS.url + m.url
    assert data["description"] == m.description
    assert [c["name"] for c in data["citation"]] == [read().papers[k].title for k in m.references]
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
        assert document.xpath('//meta[@name="citation_public_url"]/@content') == [FACTS.url + url]
        if url not in own:
            listing = document.xpath('//details[contains(@class, "cite")]//code/text()')[0]
            page, *tables = parse_string(listing, "bibtex").entries.items()
            assert page[1].fields["url"] == FACTS.url + url
            assert [key for key, _ in tables] == [item["id"] for item in items(url, FACTS)]


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
        assert ("nearest other word" in text or "lies on a line" in text) == bool(verdict.near)
        rows = section.xpath(".//tbody/tr[not(@class)]")
        units = [(f.unit, f.finding, f"{f.weight}") for f in m.found(dimension)]
        # A number and its unit are joined by a space that does not break.
        cells = [tuple(td.text_content().replace("\xa0", " ") for td in row[:3]) for row in rows]
        assert sorted(cells) == sorted(units)


def test_a_page_says_how_far_ahead_its_method_is_and_how_sure_that_is() -> None:
    for found in forest.read().values():
        for slug, each in found.items():
            (title,) = tree(f"methods/{slug}").xpath('//h3[@id="effect"]/..')
            text = " ".join(title.text_content().split())
            if each.all:
                assert f"{signed(each.all.mean, 1)} points" in text
                assert f"over {len(each.of('all'))} sources" in text
            grades = title.xpath('.//span[contains(@class, "grade")]/text()')
            assert each.certainty.grade in grades or not each.of("all")
            rows = title.xpath(".//details[contains(@class, 'forest')]//tbody/tr")
            assert len(rows) > len(each.lines)


def test_a_page_says_how_much_of_real_changes_its_family_explains() -> None:
    said = {m.slug: set[str]() for m in read().methods.values()}
    for row in rows():
        for m in read().methods.values():
            if set(row.methods) & set(m.modules):
                said[m.slug].add(f"{row.title} {row.says}")
                control = "independent entries" if "†" in row.mark else "the same singular values"
                said[m.slug].add(f"the control has {control}")
    assert sum(map(bool, said.values())) > 15
    for slug, expected in said.items():
        found = tree(f"methods/{slug}").xpath('//p[@class="real"]')
        assert len(found) == bool(expected)
        text = found[0].text_content().replace("\xa0", " ") if found else ""
        assert all(words in text for words in expected), slug


def test_the_example_on_the_rubric_is_summed_from_its_page() -> None:
    (table,) = tree("rubric").xpath('//table[contains(caption, "BOFT, Beats LoRA")]')
    *rows, total = [[cell.text_content() for cell in row] for row in table.xpath(".//tr")[1:]]
    found = method("boft").verdicts["BL"]
    assert total[-2:] == [f"{found.F:.1f}", f"{found.A:.1f}"]
    assert sum(float(row[-2]) for row in rows) == pytest.approx(found.F, abs=0.05 * len(rows))
    assert sum(float(row[-1]) for row in rows) == pytest.approx(found.A, abs=0.05 * len(rows))
    weights = [int(w) for row in rows for cell in row[2:5] for w in re.findall(r"\d", cell)]
    assert sorted(weights) == sorted(f.weight for f in method("boft").found("BL"))


# Files for machines -------------------------------------------------------------------------------


def test_the_catalogue_as_json_holds_every_method() -> None:
    data = json.loads((SITE / "catalog.json").read_text("utf-8"))
    assert data["schema"] == 2
    assert [entry["slug"] for entry in data["methods"]] == SLUGS
    for entry in data["methods"]:
        m = method(entry["slug"])
        assert entry.get("number") == m.number
        assert entry["url"] == FACTS.url + m.url
        assert entry["peft"] == (m.peft.config if isinstance(m.peft, Peft) else None)
        assert [paper["key"] for paper in entry["papers"]] == list(m.papers)
        if m.graded:
            assert entry["survey"] == {"total": m.survey_total, "dimensions": list(m.survey)}
            assert entry["audit"]["confirmed"] == m.confirmed
            assert entry["audit"]["contested"] == m.contested
            assert entry["audit"]["dimensions"].keys() == DIMENSIONS.keys()
        else:
            assert entry["survey"] is None
            assert entry["audit"] is None
        for name, knob in core.knobs(core.load(m.modules[0])).items():
            assert entry["knobs"][name]["default"] == knob.default


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


@every_method
def test_a_page_s_bibliography_holds_the_page_and_what_it_names(slug: str) -> None:
    text = (SITE / "methods" / slug / f"{slug}.bib").read_text("utf-8")
    own, *others = parse_string(text, "bibtex").entries.items()
    assert own[1].fields["url"] == FACTS.url + method(slug).url
    assert [key for key, _ in others] == list(method(slug).references)


def test_the_home_page_leads_to_every_entry_and_to_every_part_of_the_site() -> None:
    links = tree("").xpath('//*[contains(concat(" ", @class, " "), " every ")]//a/@href')
    assert sorted(link.removeprefix("./") for link in links) == sorted(m.url for m in read().survey)
    tabs = tree("").xpath('//a[@class="md-tabs__link"]')
    names = [tab.text_content().strip() for tab in tabs]
    assert names == ["Story", "Methods", "Findings", "Lab", "Choose", "About"]


def test_every_other_name_of_a_method_leads_to_its_page() -> None:
    assert redirects(read())["prompt-tuning"] == "prompt_tuning"
    for alias, slug in redirects(read()).items():
        document = html.fromstring((SITE / "methods" / alias / "index.html").read_bytes())
        assert document.xpath("//body//a/@href") == [f"../{slug}/"]
        (refresh,) = document.xpath('//meta[@http-equiv="refresh"]/@content')
        assert refresh == f"0; url=../{slug}/"


def test_the_sitemap_holds_every_page_and_no_old_address() -> None:
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    listed = {e.text for e in ET.parse(SITE / "sitemap.xml").iter(f"{space}loc")}
    assert listed >= {FACTS.url, *(FACTS.url + m.url for m in read().methods.values())}
    assert not listed & {f"{FACTS.url}methods/{alias}/" for alias in redirects(read())}


def test_the_feed_is_xml_and_says_where_it_is() -> None:
    root = ET.parse(SITE / "feed.xml").getroot()
    links = {e.get("rel"): e.get("href") for e in root.iter("{http://www.w3.org/2005/Atom}link")}
    assert links["self"] == f"{FACTS.url}feed.xml"


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


def test_zensical_makes_the_same_pages(tmp_path: Path) -> None:
    drawn = (".build/demos", ".build/compare", ".build/lab", ".build/stage")
    for name in ("adapters_np", "demos", "docs", "overrides", "scripts", *drawn):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("mkdocs.yml", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    done = subprocess.run(
        ["zensical", "build", "--strict"], cwd=tmp_path, capture_output=True, text=True
    )
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
