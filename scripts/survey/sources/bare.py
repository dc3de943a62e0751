"""Numbers of a page without an address, or with a wrong one.

Settings are known by how they are written: as `code`, as $mathematics$, or as a part of a name.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from scripts.survey.facts.addresses import MARKED, Facts

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


class Bare(NamedTuple):
    """A decimal that has no address."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.text} has no address, which `python -m scripts.survey"
            f" find {self.text}` finds; a setting is written as `code` or $mathematics$, and what"
            f" no table has {MARKED}"
        )


@cache
def hidden(text: str) -> str:
    """Return a text of the same length with blanks in the place of what holds no numbers.

    >>> hidden("0.5 and `0.5` and $0.5$ and {a/t: b, c}")
    '0.5 and       and       and            '
    """

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"\S", " ", match[0])

    return FIELDS.sub(blank, HIDDEN.sub(blank, text))


def bare(path: Path, root: Path) -> Iterator[Bare]:
    text, name = path.read_text("utf-8"), path.relative_to(root).as_posix()
    for match in DECIMAL.finditer(hidden(text)):
        yield Bare(name, text.count("\n", 0, match.start()) + 1, match[0])


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
    for path in sorted((root / "docs").rglob("*.md")):
        text = path.read_text("utf-8")
        head, _, body = text.removeprefix("---\n").partition("\n---\n")
        for asked in (*BRACED.findall(head), *ASKED.findall(body)):
            yield path.relative_to(root).as_posix(), asked


def every(root: Path) -> Iterator[Bare]:
    for path in sorted((root / "docs").rglob("*.md")):
        if not FROZEN.match(path.read_text("utf-8")):
            yield from bare(path, root)
