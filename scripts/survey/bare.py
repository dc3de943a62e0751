"""Decimals that are typed in a page, and the addresses that they probably mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from scripts.survey.facts import Fact, Facts
from scripts.survey.providers import CHANGES, EXPERIMENT, PEFT

KEYS = {"peft2026benchmark": PEFT, "adapters2026experiment": EXPERIMENT, "real-changes": CHANGES}
"""Sources whose addresses do not begin with the key of the bibliography."""

DECIMAL = re.compile(r"(?<![\w.,/=-])[−-]?\d+\.\d+(?!\w|\.\d|-\w)")
PARTS = r"(?:[Ss]ections?|Tables?|Figures?|Appendix|PEFT|Python)"
HIDDEN = re.compile(
    r"(?m:^```.*?^```)|`[^`]*`"  # code
    r"|\$\$.*?\$\$|\$[^$\n]*\$"  # mathematics
    r"|\{\{.*?\}\}|\{[^{}]*: [^{}]*\}|\{= [^{}]*\}"  # macros, addresses, marked numbers
    r"|\]\([^)]*\)|<[^>]*>|\d+\.\d+\.\d+"  # links, elements, versions
    rf"|\b{PARTS} [A-Z]?\.?\d+(?:\.\d+)+(?:,? (?:and|to) \d+(?:\.\d+)*)*",
    re.S,
)
"""What is no number of a text."""

FIELDS = re.compile(r"^ *(?:- )?(?:source|papers|title|place|fixed|names|aliases|says): .*$", re.M)
PAGES = ("protocol.md", "changelog.md", "contributing.md", "about.md", "api.md")
"""Pages whose typed decimals are settings, versions, or a record of what was registered."""


class Bare(NamedTuple):
    """A decimal that has no address."""

    file: str
    line: int
    text: str
    start: int  # in the file
    facts: tuple[Fact, ...]  # that it may be


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
        found = re.compile(r"^ +source: (.*)$|^  - |^[a-z]\w*:", re.M).search(text, at)
        named = found[1] if found and found[1] else ""
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
    found: set[str] = set()
    for part in re.findall(r"Tables? ([^;]*)", where):
        for low, high in re.findall(r"\b(\d+) to (\d+)\b", part):
            found |= {str(n) for n in range(int(low), int(high) + 1)}
        found |= set(re.findall(r"\b([A-Z]?\.?\d+(?:\.\d+)?|[IVX]+)\b", part))
    return found


def likely(facts: Facts, number: str, sources: Iterable[str], where: str) -> list[Fact]:
    """Return the facts of sources that a decimal may be, those of the named tables if there are."""
    found = []
    for source in sources:
        if source in facts.providers:
            texts = (number, f"{number} %", f"{number} M")
            found += [f for text in texts for f in facts.by_text.get((source, text), ())]
    named = places(where)
    here = [f for f in found if named & set(re.findall(r"[\w.]+", f.place))]
    return list({f.address: f for f in here or found}.values())


def bare(path: Path, root: Path, facts: Facts) -> Iterator[Bare]:
    """Yield the typed decimals of a page."""
    text = path.read_text("utf-8")
    for match in DECIMAL.finditer(hidden(text)):
        line = text.count("\n", 0, match.start()) + 1
        found = likely(facts, match[0].replace("-", "−"), *cited(text, match.start()))
        name = path.relative_to(root).as_posix()
        yield Bare(name, line, match[0], match.start(), tuple(found))


def every(root: Path, facts: Facts) -> Iterator[Bare]:
    """Yield the typed decimals of all pages that report results."""
    for path in sorted((root / "docs").rglob("*.md")):
        if path.name not in PAGES:
            yield from bare(path, root, facts)
