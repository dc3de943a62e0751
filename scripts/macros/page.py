"""State that every page's macros share: its place, its list of references, words and listings.

The HTML stands in page.html, the facts in scripts/catalog. Only `page.url` and `page.meta` of a
page are used, so that another site generator can run these macros too. No macro has the name of a
front matter field: a page's fields hide macros.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scripts.bootstrap import ROOT
from scripts.catalog import Catalog, read
from scripts.catalog.corrections import correction
from scripts.catalog.exports import read_site
from scripts.catalog.records import Dimension
from scripts.macros.figures import Chart, Rows, drawing, keys
from scripts.survey.facts import say
from scripts.survey.facts.result import FULL
from scripts.survey.results.effects import said
from scripts.survey.sources.providers import facts

MEANINGS: dict[Dimension, str] = {
    "PE": "within 1 % of full fine-tuning with at most 1 % of the parameters",
    "BL": "ahead of LoRA at the nearest budget on the same modules",
    "BF": "level with full fine-tuning, or ahead of it",
    "DE": "the same result with half the data, or ahead of LoRA and full tuning with few examples",
    "OOD": "ahead of LoRA or full fine-tuning on data unlike the training data",
    "WA": "run in papers by others",
}

# Where one element ends and another begins, the search would join their words.
JOINED = re.compile(r"(</(?:td|th|thead|tbody|tr|caption|span|p|a)>)(?=<[^/])")

WIDEST = 12
"""The weight at which one side of a balance is full."""

Macro = TypeVar("Macro", bound=Callable[..., str])
Kind: TypeAlias = Literal["text", "table", "list", "figure", "widget"]


def macro(kind: Kind | None = None, name: str = "") -> Callable[[Macro], Macro]:
    """Mark a method that pages call: by its own name, or by that of its kind and a first word.

    The word is `name`, or the method's name without its kind: `evidence_table` of the kind "table"
    is `table("evidence")` in a page.
    """

    def mark(function: Macro) -> Macro:
        word = name or function.__name__.removesuffix(f"_{kind}")
        function.called = (kind, word)  # type: ignore[attr-defined]
        return function

    return mark


# Words --------------------------------------------------------------------------------------------


def inline(text: str) -> Markup:
    r"""Return escaped text with `code`, *emphasis* and $maths$.

    >>> inline("`r` < *4* and $x_1$")
    Markup('<code>r</code> &lt; <em>4</em> and <span class="arithmatex">\\(x_1\\)</span>')
    """

    def dress(match: re.Match[str]) -> str:
        mark, inside = match[0][0], match[0][1:-1]
        if mark == "$":
            return f'<span class="arithmatex">\\({inside}\\)</span>'
        return f"<code>{inside}</code>" if mark == "`" else f"<em>{inside}</em>"

    pattern = r"`[^`]+`|\$[^$\s](?:[^$]*[^$\s])?\$|(?<![\w*])\*[^*\s](?:[^*]*[^*\s])?\*(?![\w*])"
    return Markup(re.sub(pattern, dress, escape(text, quote=False)))


def subscripts(formula: str) -> Markup:
    """Return a formula with d_in and d_out as letters with an index; a line ends after a factor."""
    found = re.sub(
        r"\bd_(in|out)\b", r'<span class="unbroken">d<sub>\1</sub></span>', escape(formula)
    )
    return Markup(found.replace("·", "·<wbr>"))


def catalog() -> Catalog:
    return read()


def names() -> dict[str, tuple[str, str]]:
    called = catalog().names()
    return {FULL: ("full fine-tuning", "")} | {
        module: (called[module], m.slug) for m in catalog().methods.values() for module in m.modules
    }


def module(setting: str) -> str:
    """Return the module that a setting of a study is of, nothing where it is of none.

    >>> module("lora 4"), module("ln tuning"), module("dora, fixed"), module("half a decade above")
    ('lora', 'ln_tuning', 'dora', '')
    """
    words = re.split("[ ,]+", setting)
    return next((m for m in ("_".join(words[:2]), words[0]) if m in names()), "")


def shown(setting: str) -> str:
    """Return a setting by the name of its method.

    >>> shown("hira 4, entries shuffled"), shown("head alone")
    ('HiRA 4, entries shuffled', 'head alone')
    """
    own = module(setting)
    return names()[own][0] + setting[len(own) :] if own else setting


def link(setting: str) -> str:
    page = names().get(module(setting), ("", ""))[1]
    return f"methods/{page}/" if page else ""


def theme(setting: str) -> str:
    page = link(setting).removeprefix("methods/").strip("/")
    return catalog().methods[page].theme if page else "full"


def short(key: str) -> str:
    return catalog().papers[key].short


def publication(key: str) -> Markup:
    paper = catalog().papers[key]
    shown = escape(paper.url.removeprefix("https://"))
    return Markup(f'{escape(paper.sentence)} <a href="{escape(paper.url)}">{shown}</a>')


@cache
def built(path: Path) -> dict[str, Any]:
    """Return what an earlier step of the build has stored.

    Raises:
        FileNotFoundError: when it has not.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: the build stores it before the pages")
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return data


def listing(path: Path, name: str, module: str = "") -> str:
    """Return a Python file as a listing that a reader can edit and run.

    Args:
        path: The file.
        name: What the listing is called in links.
        module: The method whose widgets show what is edited, if any.
    """
    file = path.relative_to(ROOT).as_posix()
    method = f' module="{module}"' if module else ""
    about = f'class="source-listing" data-module="{module}" data-search-exclude markdown="1"'
    return (
        f"<section {about}>\n\n"
        f'<div class="ah"><code-cell name="{name}"{method}></code-cell></div>\n\n'
        f'```python title="{file}"\n--8<-- "{file}"\n```\n\n</section>\n'
    )


@cache
def templates() -> Environment:
    """Return all templates of this folder; each is compiled once, whatever asks for it."""
    loader = FileSystemLoader(Path(__file__).parent)
    jinja = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    jinja.filters |= {
        "module": lambda slug: names()[slug][0],
        "inline": inline,
        "subscripts": subscripts,
        "number": say.number,
        "signed": say.signed,
        "count": say.count,
        "figures": say.figures,
        "short": short,
        "sized": say.short,
        "tick": say.tick,
    }
    jinja.globals["interval"] = say.interval
    jinja.globals["correction"] = partial(correction, read_site())
    return jinja


class Number(str):
    """The text of a number, with its address where a page shows it: see demos/page/value.js."""

    __slots__ = ("address",)
    address: str

    def __new__(cls, address: str) -> Number:
        found = super().__new__(cls, facts().say(address))
        found.address = escape(address).replace("|", "&#124;")  # which would divide a table
        return found

    def __str__(self) -> str:
        return f'<data value="{self.address}">{self[:]}</data>'

    def __html__(self) -> str:
        """Return it as a template puts it into a label, where nobody links to it."""
        return escape(self[:])


# Macros -------------------------------------------------------------------------------------------


class Page:
    """State shared by the macros while a page is rendered."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.cited: dict[str, dict[str, None]] = {}
        self.site = read_site()

    @property
    def url(self) -> str:
        return str(self.env.page.url or "").strip("/").removesuffix(".")

    @property
    def root(self) -> str:
        return "../" * len([part for part in self.url.split("/") if part]) or "./"

    def draw(
        self,
        name: str,
        *arguments: Any,
        found: bool = True,
        file: str = "page.html",
        kind: str = "ah",
        given: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a piece of a template as one block of HTML.

        Args:
            name: The piece.
            *arguments: What it is made of.
            found: Whether the search finds what it says; not where another page says the same.
            file: The template in scripts/macros.
            kind: The class of the block.
            given: What all pieces of the template know.
        """
        titles = {m.slug: m.title for m in catalog().methods.values()}
        known = {"root": self.root, "titles": titles} | dict(given or {})
        module = templates().get_template(file).make_module(known)
        html = re.sub(r"\s*\n\s*", "", str(getattr(module, name)(*arguments)))
        html = JOINED.sub(r"\1 ", html) if file == "page.html" else html
        excluded = "" if found else " data-search-exclude"
        return f'\n<div class="{kind}"{excluded}>{html}</div>\n'

    def figure(self, figure: Chart | Rows, *, table: bool = False) -> str:
        """Return a figure, whose drawing comes when the site is finished.

        Args:
            figure: What it shows.
            table: Whether its values follow as a table; otherwise the page has them below.
        """
        themes = {f"methods/{m.slug}/": m.theme for m in catalog().methods.values()}
        drawn = drawing(figure, themes, self.root)
        explained = keys(figure, themes, catalog().themes)
        names = figure.names if isinstance(figure, Chart) else []
        file = "figures.html"
        html = self.draw("figure", figure, drawn, explained, names, found=False, file=file)
        return html + (self.draw("values", figure, found=False, file=file) if table else "")

    def style(self, more: str = "") -> str:
        """Return the style sheet of the lab's tables, and what the page loads besides."""
        style = f'<link rel="stylesheet" href="{self.root}assets/demo/lab.css">'
        return f'\n<div class="ah">{style}{more}</div>\n'

    def cite(self, keys: Iterable[str]) -> None:
        self.cited.setdefault(self.url, {}).update(dict.fromkeys(keys))

    @macro()
    def ref(self, key: str, where: str = "") -> str:
        self.cite([key])
        place = f", {where}" if where else ""
        return f'<span class="source">(<a href="#ref-{key}">{short(key)}</a>{place})</span>'

    @macro()
    def fact(self, address: str) -> str:
        """The number at an address: see scripts/survey/facts/addresses.py."""
        return facts().say(address) if address.startswith("=") else Number(address)

    @macro()
    def word(self, expected: str, *addresses: str) -> str:
        """The word for a difference, if it is what follows at all of these addresses.

        Raises:
            ValueError: when another word follows; the text has the numbers.
        """
        for address in addresses:
            if expected not in ((text := facts().say(address)), said(text)):
                raise ValueError(f"{address} is not {expected!r}: {text}")
        return expected

    @macro("list")
    def references(self) -> str:
        keys = self.cited.get(self.url, {})
        return self.draw("references", [{"key": k, "html": publication(k)} for k in keys])


class Part:
    def __init__(self, page: Page) -> None:
        self.page = page
