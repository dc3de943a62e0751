"""Turn the generator's pages into the site: figures, equations, heads, scripts, data, compression.

Nothing here depends on the generator: it reads HTML and writes HTML.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

from scripts.bootstrap import ROOT, SetupError
from scripts.cache import digest, kept, tidy
from scripts.catalog import Catalog, citations, errata, exports, read, summaries
from scripts.finish import datasets, paper
from scripts.finish.compress import compress
from scripts.finish.fonts import KATEX, add_fonts
from scripts.finish.foot import add_foot, add_state, cite
from scripts.finish.head import add_head, own_title
from scripts.finish.links import problems
from scripts.finish.parts import fold
from scripts.finish.policy import add_policy
from scripts.finish.release import add_names, add_python
from scripts.finish.search import add_search
from scripts.finish.typography import dress
from scripts.survey.facts import peft
from scripts.survey.facts.pair import read_models
from scripts.survey.facts.papers import read_tables
from scripts.survey.results import bets
from scripts.survey.sources import baselines, forest, head_to_head

BUILD = ROOT / ".build"
SITE = ROOT / "site"
TYPESET = Path(__file__).with_name("typeset.mjs")
DRAW = Path(__file__).with_name("figures.mjs")
DRAWN_BY = (
    *(DRAW, ROOT / "package-lock.json"),
    *(ROOT / "demos" / "page" / name for name in ("figure.js", "label_placement.js")),
    *(ROOT / "demos" / "stage" / name for name in ("draw.js", "table.js")),
)
STAGE = BUILD / "stage" / "stage.json"  # what stages are drawn from, where there are any
EQUATION = re.compile(
    r'(?P<before>\(?)<(?P<tag>span|div) class="arithmatex">'
    r"(?:\\\((?P<inline>.*?)\\\)|\\\[(?P<display>.*?)\\\])</(?P=tag)>(?P<after>[.,;:)]*)",
    re.DOTALL,
)
FIGURE = re.compile(r"""<div data-figure=(["'])(.*?)\1></div>""")
"""A figure's data; it has double quotes where Markdown has read the HTML."""

SHORT = 18  # letters: an equation in a text that is shorter is not broken


class Equation(NamedTuple):
    """An equation in TeX, and whether it has a line of its own."""

    tex: str
    display: bool


def main(packed: Path, pages: Path = BUILD / "pages", *, preview: bool = False) -> None:
    """Make the site from the pages that the generator has written.

    What was there is replaced at the very end.

    Args:
        packed: The folder with what the browser starts Python from.
        preview: Leave out what only readers need: checked links, compression.

    Raises:
        SetupError: when a figure or an equation cannot be set, or a link is broken.
    """
    out = BUILD / "site"
    make(pages, out, packed, read())
    if not preview:
        check_links(out, exports.read_site().url)
        compress(out, BUILD / "twins")
    replace(out, SITE)


def make(pages: Path, out: Path, packed: Path, catalog: Catalog) -> None:
    """Make a site that browsers can show, in a folder of its own; see `main`."""
    facts = exports.built_site()
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(pages, out)
    draw_figures(out, BUILD / "figures")
    dress(out)
    formulas = typeset(out, BUILD / "equations")
    for path in out.rglob("index.html"):
        url = path.relative_to(out).as_posix().removesuffix("index.html")
        method = next((m for m in catalog.methods.values() if m.url == url), None)
        html = path.read_text("utf-8")
        page = citations.part_item(own_title(html, facts), url, facts)
        if method:
            cited, html = [], cite(fold(html), citations.page_item(method, facts), method.title)
        else:
            cited = [page, *datasets.items(url, facts)]
            html = cite(html, citations.site_item(facts))
        html = datasets.dated(add_foot(html, url, facts, cited), facts)
        path.write_text(add_head(html, url, method, catalog, facts), "utf-8")
    for path in out.rglob("*.html"):
        path.write_text(add_state(path.read_text("utf-8"), facts), "utf-8")
    date_sitemap(out, facts.date)
    add_assets(out, packed)
    add_data(out, catalog, facts)
    paper.write(out, facts)
    add_search(out, catalog, formulas)
    add_names(out, facts.url)
    add_policy(out)


def date_sitemap(out: Path, day: str) -> None:
    """Give the pages in the sitemap the day of their content, in the place of the day of the run.

    `compress` makes the packed copy, which would hold the second of the run.
    """
    path = out / "sitemap.xml"
    path.write_text(re.sub(r"(?<=<lastmod>)[^<]+", day, path.read_text("utf-8")), "utf-8")
    path.with_name("sitemap.xml.gz").unlink()


def check_links(out: Path, url: str) -> None:
    """Raise a `SetupError` that names every broken link."""
    if broken := list(problems(out, url)):
        raise SetupError("the pages have problems:\n" + "\n".join(broken))


def typeset(folder: Path, cache: Path) -> dict[str, str]:
    """Replace TeX by KaTeX's HTML in all pages, each equation typeset once.

    Returns the text that each inline equation shows, by its TeX.

    Args:
        cache: A folder that keeps what was typeset for the next time.

    Raises:
        SetupError: when KaTeX rejects an equation; the text names page and equation.
    """
    texts = {path: path.read_text("utf-8") for path in sorted(folder.rglob("*.html"))}
    equations: dict[Equation, Path] = {}
    for path, text in texts.items():
        for match in EQUATION.finditer(text):
            equations.setdefault(_equation(match), path)
    places = {equation: path.relative_to(folder) for equation, path in equations.items()}
    key = digest(ROOT, [TYPESET, KATEX / "katex.min.js"], json.dumps(list(equations)))
    made = kept(cache / f"{key}.json", lambda: json.dumps(_typeset(places)).encode())
    tidy(cache, [made])
    html = dict(zip(equations, json.loads(made.read_bytes()), strict=True))
    for path, text in texts.items():
        dressed = EQUATION.sub(lambda match: _in_place(match, html[_equation(match)]), text)
        if dressed != text:
            path.write_text(dressed, "utf-8")
    return {one.tex: shown(html[one]) for one in equations if not one.display}


def shown(html: str) -> str:
    return re.sub(r"^[^>]*>|<[^>]*>|\u200b", "", html.rpartition("katex-html")[2])


def _typeset(equations: dict[Equation, Path]) -> list[str]:
    """Return equations as HTML; an error names the pages, which they come with."""
    answers = _answers(TYPESET, [equation._asdict() for equation in equations])
    wrong = [
        f"{page}: KaTeX rejects {equation.tex.strip()!r}: {answer['error']}"
        for (equation, page), answer in zip(equations.items(), answers, strict=True)
        if "error" in answer
    ]
    if wrong:
        raise SetupError("\n".join(wrong))
    return [answer["html"] for answer in answers]


def _answers(script: Path, asked: list[Any]) -> list[dict[str, str]]:
    """Return what a script under Node answers to many questions: `html`, or an `error`."""
    text = json.dumps(asked)
    done = subprocess.run(["node", str(script)], input=text, capture_output=True, text=True)
    if done.returncode:
        raise SetupError(f"scripts/finish/{script.name} failed:\n{done.stderr}")
    answers: list[dict[str, str]] = json.loads(done.stdout)
    return answers


def _equation(match: re.Match[str]) -> Equation:
    inline, display = match["inline"], match["display"]
    return Equation(unescape(inline if display is None else display), display is not None)


def _in_place(match: re.Match[str], html: str) -> str:
    whole = f"{match['before']}{html}{match['after']}"
    short = match["display"] is None and len(shown(html)) <= SHORT
    return f'<span class="unbroken">{whole}</span>' if short else whole


def draw_figures(folder: Path, cache: Path) -> None:
    """Put drawings into the places for them in all pages, all drawn at once; the cache keeps them.

    Raises:
        SetupError: when one cannot be drawn; the text names page and figure.
    """
    texts = {path: path.read_text("utf-8") for path in sorted(folder.rglob("*.html"))}
    figures: dict[str, Path] = {}
    for path, text in texts.items():
        for match in FIGURE.finditer(text):
            figures.setdefault(unescape(match[2]), path.relative_to(folder))
    stage = STAGE.read_bytes() if STAGE.exists() else b""
    key = digest(ROOT, DRAWN_BY, json.dumps(list(figures)), stage)
    made = kept(cache / f"{key}.json", lambda: json.dumps(_draw(figures)).encode())
    tidy(cache, [made])
    html = dict(zip(figures, json.loads(made.read_bytes()), strict=True))
    for path, text in texts.items():
        drawn = FIGURE.sub(lambda match: html[unescape(match[2])], text)
        if drawn != text:
            path.write_text(drawn, "utf-8")


def _draw(figures: dict[str, Path]) -> list[str]:
    """Return figures as HTML; an error names the pages, which they come with."""
    asked = [json.loads(figure) for figure in figures]
    answers = _answers(DRAW, asked)
    for figure, page, answer in zip(asked, figures.values(), answers, strict=True):
        if "error" in answer:
            raise SetupError(f"{page}: {figure['label']!r} cannot be drawn: {answer['error']}")
    return [answer["html"] for answer in answers]


def add_assets(out: Path, packed: Path) -> None:
    """Add fonts, KaTeX's style, the scripts, the stored widgets and Python."""
    add_fonts(out, BUILD / "fonts")
    demo = out / "assets" / "demo"
    shutil.copytree(BUILD / "scripts", demo)
    kinds = ("demos/*.html", "sweeps/*", "fits/*", "compare/*.json", "lab/*.json", "stage/*.json")
    for files in kinds:
        for stored in BUILD.glob(files):
            shutil.copyfile(stored, demo / stored.name)

    add_python(out, packed)


def add_data(out: Path, catalog: Catalog, facts: exports.Site) -> None:
    """Add the catalogue for machines, citations, old addresses and robots.txt."""
    texts = {
        "catalog.json": exports.catalog_json(catalog, facts),
        "catalog.schema.json": datasets.SCHEMA.read_text("utf-8"),
        "llms.txt": summaries.llms(catalog, facts),
        "catalog.csv": exports.catalog_csv(catalog, facts),
        "bets.csv": bets.table(bets.bets()),
        "data/errata.csv": errata.errata_csv(catalog),
        "assets/demo/models.js": exports.models_js(catalog),
        "data/head_to_head.csv": head_to_head.as_csv(
            head_to_head.comparisons(read_tables(), [*catalog.names()], read_models(ROOT))
        ),
        "references.bib": (ROOT / "docs" / "references.bib").read_text("utf-8"),
        "robots.txt": f"User-agent: *\nAllow: /\nSitemap: {facts.url}sitemap.xml\n",
    }
    runs = {m.runs: facts.url + m.url for m in catalog.methods.values()}
    texts |= forest.tables() | baselines.files() | peft.leaderboards(runs)
    for m in catalog.methods.values():
        for end, text in citations.files(m, catalog, facts).items():
            texts[f"{m.url}{m.slug}.{end}"] = text
    for alias, slug in exports.redirects(catalog).items():
        m, old = catalog.methods[slug], f"methods/{alias}/"
        texts[f"{old}index.html"] = exports.redirect_page(m.url, m.title, old, facts, {})
    for old, places in exports.moved().items():
        to = places.pop("")
        title = own_title((out / to.partition("#")[0] / "index.html").read_text("utf-8"), facts)
        texts[f"{old}index.html"] = exports.redirect_page(to, title, old, facts, places)
    for name, text in texts.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, "utf-8")
    (out / datasets.PACKAGE).write_text(datasets.package(out, facts), "utf-8")
    example = out / "data" / "example"
    example.mkdir(parents=True)
    for path in (BUILD / "example").glob("adapter_*"):
        shutil.copyfile(path, example / path.name)


def replace(new: Path, site: Path) -> None:
    """Put the new site in the place of the old one, which is whole until then."""
    old = BUILD / "old"
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)
