"""Turn the generator's pages into the site: mathematics, heads, scripts, runtime, data, twins.

Nothing here depends on the generator: it reads HTML and writes HTML.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import NamedTuple

from scripts.bootstrap import ROOT, SetupError
from scripts.catalog import Catalog, counts, exports
from scripts.finish.compress import compress
from scripts.finish.head import add_head
from scripts.finish.links import problems
from scripts.finish.policy import add_policy
from scripts.finish.release import add_service_worker, add_versions
from scripts.finish.typography import dress

BUILD = ROOT / ".build"
MANIFEST = BUILD / "py" / "manifest.json"
KATEX = ROOT / "node_modules" / "katex" / "dist"
EQUATION = re.compile(
    r'(?P<before>\(?)<(?P<tag>span|div) class="arithmatex">'
    r"(?:\\\((?P<inline>.*?)\\\)|\\\[(?P<display>.*?)\\\])</(?P=tag)>(?P<after>[.,;:)]*)",
    re.DOTALL,
)
SHORT = 18  # letters: an equation in a text that is shorter is not broken


class Equation(NamedTuple):
    """An equation in TeX, and whether it stands on a line of its own."""

    tex: str
    display: bool


def finish(pages: Path, site: Path, catalog: Catalog, pictures: dict[str, str]) -> None:
    """Make the site from the pages that the generator has written.

    Args:
        pages: The generator's output.
        site: The folder to write; what was there is replaced at the very end.
        catalog: All records.
        pictures: The file names of the pictures in `.build/pictures` by slug.

    Raises:
        SetupError: when KaTeX rejects an equation, the scripts do not bundle or a link is broken.
    """
    facts = exports.read_site()
    out = BUILD / "site"
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(pages, out)
    dress(out)
    typeset(out)
    for path in out.rglob("index.html"):
        url = path.relative_to(out).as_posix().removesuffix("index.html")
        method = next((m for m in catalog.methods.values() if m.url == url), None)
        picture = f"assets/pictures/{pictures[method.slug if method else '']}"
        html = path.read_text("utf-8")
        path.write_text(add_head(html, url, method, catalog, facts, picture), "utf-8")
    add_assets(out)
    add_data(out, catalog, facts)
    add_versions(out)
    add_policy(out)
    if found := list(problems(out, facts.url)):
        raise SetupError("the pages have problems:\n" + "\n".join(found))
    add_service_worker(out, json.loads(MANIFEST.read_text("utf-8")))
    compress(out, BUILD / "twins")
    replace(out, site)


def typeset(folder: Path) -> None:
    """Replace TeX by KaTeX's HTML in all pages, each equation typeset once.

    Raises:
        SetupError: when KaTeX rejects an equation; the text names page and equation.
    """
    texts = {path: path.read_text("utf-8") for path in folder.rglob("*.html")}
    found: dict[Equation, Path] = {}
    for path, text in texts.items():
        for match in EQUATION.finditer(text):
            found.setdefault(_equation(match), path)
    asked = json.dumps([equation._asdict() for equation in found])
    command = ["node", str(Path(__file__).with_name("typeset.mjs"))]
    done = subprocess.run(command, input=asked, capture_output=True, text=True)
    if done.returncode:
        raise SetupError(f"scripts/finish/typeset.mjs failed:\n{done.stderr}")
    answers = dict(zip(found, json.loads(done.stdout), strict=True))
    if wrong := {e: a["error"] for e, a in answers.items() if "error" in a}:
        places = ((found[e].relative_to(folder), e.tex.strip(), why) for e, why in wrong.items())
        raise SetupError("\n".join(f"{p}: KaTeX rejects {tex!r}: {why}" for p, tex, why in places))
    for path, text in texts.items():
        new = EQUATION.sub(lambda match: _in_place(match, answers[_equation(match)]["html"]), text)
        if new != text:
            path.write_text(new, "utf-8")


def _equation(match: re.Match[str]) -> Equation:
    inline, display = match["inline"], match["display"]
    return Equation(unescape(inline if display is None else display), display is not None)


def _in_place(match: re.Match[str], html: str) -> str:
    """Return an equation with the brackets and the stop that belong to its line."""
    whole = f"{match['before']}{html}{match['after']}"
    shown = re.sub(r"^[^>]*>|<[^>]*>", "", html.rpartition("katex-html")[2])
    short = match["display"] is None and len(shown) <= SHORT
    return f'<span class="unbroken">{whole}</span>' if short else whole


def add_assets(out: Path) -> None:
    """Add KaTeX's style and fonts, the scripts, the stored widgets, the pictures and Python.

    Raises:
        SetupError: when the scripts do not bundle.
    """
    katex = out / "assets" / "katex"
    (katex / "fonts").mkdir(parents=True)
    style = (KATEX / "katex.min.css").read_text("utf-8")
    # Every browser with WebAssembly reads woff2.
    style = re.sub(r",url\([^)]*\.(?:woff|ttf)\) format\([^)]*\)", "", style)
    (katex / "katex.min.css").write_text(style, "utf-8")
    for font in (KATEX / "fonts").glob("*.woff2"):
        shutil.copyfile(font, katex / "fonts" / font.name)

    demo = out / "assets" / "demo"
    command = ["node", "scripts/finish/bundle.mjs", "--manifest", str(MANIFEST), "--out", str(demo)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SetupError(f"scripts/finish/bundle.mjs failed:\n{done.stderr}")
    for files in ("demos/*.html", "sweeps/*", "compare/*.json"):
        for stored in BUILD.glob(files):
            shutil.copyfile(stored, demo / stored.name)

    shutil.copytree(BUILD / "pictures", out / "assets" / "pictures")
    files = json.loads(MANIFEST.read_text("utf-8"))["files"].values()
    for home in {file["path"].split("/")[0] for file in files}:
        shutil.copytree(BUILD / "py" / home, out / "assets" / "py" / home)


def add_data(out: Path, catalog: Catalog, facts: exports.Site) -> None:
    """Add the catalogue for machines, citations, the feed, old addresses and robots.txt."""
    texts = {
        "catalog.json": exports.catalog_json(catalog, facts),
        "catalog.csv": exports.catalog_csv(catalog, facts),
        "calculator.json": counts.calculator_json(catalog),
        "references.bib": (ROOT / "docs" / "references.bib").read_text("utf-8"),
        "feed.xml": exports.feed((ROOT / "CHANGELOG.md").read_text("utf-8"), facts),
        "robots.txt": f"User-agent: *\nAllow: /\nSitemap: {facts.url}sitemap.xml\n",
    }
    for m in catalog.methods.values():
        texts[f"{m.url}{m.slug}.bib"] = exports.page_bib(m, catalog, facts)
    for alias, slug in exports.redirects(catalog).items():
        page = exports.redirect_page(catalog.methods[slug], facts)
        texts[f"methods/{alias}/index.html"] = page
    for name, text in texts.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, "utf-8")


def replace(new: Path, site: Path) -> None:
    """Put the new site in the place of the old one, which is whole until then."""
    old = BUILD / "old"
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    new.rename(site)
    shutil.rmtree(old, ignore_errors=True)
