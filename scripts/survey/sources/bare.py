"""Numbers of a page without an address, or with a wrong one, and what each probably means.

Settings are known by how they are written: as `code`, as $mathematics$, or as a part of a name.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from scripts.survey.facts.addresses import MARKED, Fact, Facts
from scripts.survey.results.changes import SOURCE as CHANGES
from scripts.survey.results.trained_facts import EXPERIMENT
from scripts.survey.sources.providers import PEFT

KEYS = {"peft2026benchmark": PEFT, "adapters2026experiment": EXPERIMENT, "real-changes": CHANGES}
"""Sources whose addresses do not begin with the key of the bibliography."""

KEY = re.compile(r"\b[a-z]+\d{4}[a-z]+\b")
DECIMAL = re.compile(r"(?<![\d.])(?:(?<![\w−-])[−-])?\d+(?:,\d{3})*\.\d+")
PARTS = (
    r"(?:[Ss]ections?|Tables?|Figures?|Appendix|Lemma"
    r"|PEFT|Python|AlpacaEval|Diffusion|[Rr]elease|BY|MPL|Apache)"
)
"""Before the number of a part, a version or a licence."""

MODELS = r"\b(?:L[Ll]a[Mm][Aa]|LLaVA|NLLB|OWSM|Pythia|Qwen)[\w.-]*"
SIZES = r"\b(?:0\.1|1\.3) ?B\b"
"""Models by name, and by size alone."""

HIDDEN = re.compile(
    r"(?m:^```.*?^```)|`[^`]*`"  # code
    r"|\$\$.*?\$\$|\$[^$\n]*\$"  # mathematics
    r"|\{\{.*?\}\}|\{[^{}]*: [^{}]*\}|\{= [^{}]*\}"  # macros, addresses, marked numbers
    r"|\]\([^)]*\)|<[^>]*>|\d+\.\d+\.\d+"  # links, elements, versions
    rf"|{MODELS}|{SIZES}|\bv\d+\.\d+"
    rf"|\b{PARTS}[ -][A-Z]?\.?\d+(?:\.\d+)+(?:,? (?:and|to) \d+(?:\.\d+)*)*",
    re.S,
)
"""Parts of a page whose numbers are none of the text's."""

FIELDS = re.compile(r"^ *(?:- )?(?:source|papers|title|place|fixed|names|aliases|says): .*$", re.M)
FROZEN = re.compile(r"\A---\n(?:.*\n)*?frozen: true\n")
"""A page that records what was planned or changed on a day: its numbers are those of that day."""


SETTING = "a setting is written as `code` or $mathematics$"


class Bare(NamedTuple):
    """A decimal that has no address."""

    file: str
    line: int
    text: str
    start: int  # in the file
    facts: tuple[Fact, ...]  # that it may be

    def __str__(self) -> str:
        probably = [fact.address for fact in self.facts]
        few = ", or ".join(probably[:3]) + (f", or {len(probably) - 3} more" * (len(probably) > 3))
        meant = f"{{{few}}}?" if few else f"{SETTING}, and what no table has {MARKED}"
        return f"{self.file}:{self.line}: {self.text} has no address; {meant}"


@cache
def hidden(text: str) -> str:
    """Return a text of the same length with blanks in the place of what holds no numbers.

    >>> hidden("0.5 and `0.5` and $0.5$ and {a/t: b, c}")
    '0.5 and       and       and            '
    """

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"\S", " ", match[0])

    return FIELDS.sub(blank, HIDDEN.sub(blank, text))


def cited(text: str, at: int) -> tuple[list[str], str]:
    """Return the sources that speak nearest to a place of a page, and where in them.

    In front matter it is the `source` of the same record, in a text the citation that follows in
    the same paragraph.
    """
    head = text.find("\n---\n", 4)
    if at < head:
        match = re.compile(r"^ +source: (.*)$|^  - |^[a-z]\w*:", re.M).search(text, at)
        named = match[1] if match and match[1] else ""
        keys = re.findall(r"(?:^|; )([a-z]\w+)", named)
        return [KEYS.get(key, key) for key in keys], named
    paragraph = text[at : (text + "\n\n").find("\n\n", at)]
    ref = re.search(r"""\{\{ ref\("(\w+)"(?:, "([^"]*)")?\)""", paragraph)
    if ref:
        return [KEYS.get(ref[1], ref[1])], ref[2] or ""
    return [CHANGES] if "real-changes.md" in paragraph else [], ""


def places(where: str) -> set[str]:
    """Return the numbers of the tables that a `source` names.

    >>> sorted(places("x2024y, Tables 2 to 4 and B.1; z, Figure 7"))
    ['2', '3', '4', 'B.1']
    """
    numbers: set[str] = set()
    for part in re.findall(r"Tables? ([^;]*)", where):
        for low, high in re.findall(r"\b(\d+) to (\d+)\b", part):
            numbers |= {str(n) for n in range(int(low), int(high) + 1)}
        numbers |= set(re.findall(r"\b([A-Z]?\.?\d+(?:\.\d+)?|[IVX]+)\b", part))
    return numbers


def likely(facts: Facts, number: str, sources: Iterable[str], where: str) -> list[Fact]:
    """Return the facts of sources that a decimal may be, those of the named tables if there are."""
    cells = []
    for source in sources:
        if source in facts.providers:
            texts = (number, f"{number} %", f"{number} M")
            tables = facts.of(source).values()
            rows = chain.from_iterable(rows.values() for rows in tables)
            cells += [f for row in rows for f in row if f.text in texts]
    named = places(where)
    here = [f for f in cells if named & set(re.findall(r"[\w.]+", f.place))]
    return list({f.address: f for f in here or cells}.values())


def bare(path: Path, root: Path, facts: Facts) -> Iterator[Bare]:
    """Yield the typed decimals of a page."""
    text = path.read_text("utf-8")
    named = [KEYS.get(key, key) for key in dict.fromkeys(KEY.findall(text))]
    for match in DECIMAL.finditer(hidden(text)):
        line = text.count("\n", 0, match.start()) + 1
        sources, where = cited(text, match.start())
        cells = likely(facts, match[0].replace("-", "−"), sources or named, where)
        name = path.relative_to(root).as_posix()
        yield Bare(name, line, match[0], match.start(), tuple(cells))


ASKED = re.compile(r"""\{\{ fact\("([^"]*)"\) \}\}""")
BRACED = re.compile(r"\{([a-z][^{}=]*: [^{}]*)\}")
"""An address in front matter."""

SOURCE = re.compile(r"[{\"]= ([^{}\"]*?), (([\w-]+) [^{}\"]*)")
"""A marked number: its value, and its source with the place there."""

WIDGET = "widget"
"""The source of what a page's widget, or Compare, shows after a random step.

`= 0.40, widget dora alpha=16 angle_change` names method, knobs and gauge. `sigma_before` and
`sigma_after` are the largest singular values, which the widget's sentence says.
"""

SHOWS = re.compile(rf"{WIDGET} (\w+)((?: \w+=[\w.-]+)*) (\w+)")


class Shown(NamedTuple):
    """A number that a widget shows, by what a page says of it."""

    place: str  # file and line
    text: str
    method: str
    chosen: dict[str, str]
    gauge: str


def _marked(path: Path, root: Path) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield the marked numbers of a page with file and line; `code` only shows the form."""
    text = path.read_text("utf-8")
    for named in SOURCE.finditer(re.sub(r"`[^`\n]*`", lambda m: " " * len(m[0]), text)):
        yield _place(path, root, text, named), named


def _place(path: Path, root: Path, text: str, match: re.Match[str]) -> str:
    return f"{path.relative_to(root).as_posix()}:{text.count(chr(10), 0, match.start()) + 1}"


def shown(root: Path) -> Iterator[Shown]:
    """Yield the numbers of widgets on all pages, for whoever can compute them."""
    for path in sorted((root / "docs").rglob("*.md")):
        for place, named in _marked(path, root):
            if form := SHOWS.fullmatch(named[2]):
                method, knobs, gauge = form.groups()
                chosen = dict(knob.split("=") for knob in knobs.split())
                yield Shown(place, named[1], method, chosen, gauge)


def astray(root: Path, facts: Facts, keys: Container[str]) -> Iterator[str]:
    """Yield addresses in texts that lead nowhere, and marked numbers of no publication or widget.

    Args:
        keys: Those of the bibliography.
    """
    for path in sorted((root / "docs").rglob("*.md")):
        text = path.read_text("utf-8")
        for asked in ASKED.finditer(text):
            try:
                facts.say(asked[1])
            except (LookupError, ValueError) as error:
                yield f"{_place(path, root, text, asked)}: {error.args[0]}"
        for place, named in _marked(path, root):
            if named[3] == WIDGET:
                if not SHOWS.fullmatch(named[2]):
                    form = "`= 0.40, widget dora alpha=16 angle_change`"
                    yield f"{place}: {named[2]!r} does not say what shows it: {form}"
            elif named[3] not in keys:
                yield f"{place}: {named[3]!r} is not in docs/references.bib"


def asked_of(root: Path) -> Iterator[tuple[str, str]]:
    """Yield each page with every address that it asks for, in its text and its front matter."""
    for path in sorted((root / "docs").rglob("*.md")):
        text = path.read_text("utf-8")
        head, _, body = text.removeprefix("---\n").partition("\n---\n")
        for asked in (*BRACED.findall(head), *ASKED.findall(body)):
            yield path.relative_to(root).as_posix(), asked


def every(root: Path, facts: Facts) -> Iterator[Bare]:
    for path in sorted((root / "docs").rglob("*.md")):
        if not FROZEN.match(path.read_text("utf-8")):
            yield from bare(path, root, facts)
