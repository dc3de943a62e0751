"""The catalogue: what pages and bibliography say, as one value; checks.py looks after its truth.

A fact has one home: the front matter of `docs/methods/<slug>.md`, `docs/references.bib`, the
module, or a table of `docs/data`. Verdicts follow from the tables and totals from the verdicts;
neither can be written down anywhere.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from adapters_np.core import load
from scripts.bootstrap import ROOT
from scripts.catalog.papers import Paper, read_papers
from scripts.catalog.records import Kind, Method, Peft, Recipe, read_method
from scripts.survey.facts.records import CatalogError, front_matter
from scripts.survey.sources.evidence import every_finding
from scripts.survey.sources.providers import facts
from scripts.survey.sources.sources import opened


class Link(NamedTuple):
    """A relation as seen from one of its two ends."""

    kind: Kind
    stated: bool  # here, or on the other page
    other: Method
    note: str


class Catalog(NamedTuple):
    """All methods by slug in the survey's order, publications by key, titles of themes in order."""

    methods: dict[str, Method]
    papers: dict[str, Paper]
    themes: dict[str, str]

    def links(self, slug: str) -> list[Link]:
        own = self.methods[slug]
        links = [Link(r.kind, True, self.methods[r.to], r.note) for r in own.relations]
        for other in self.methods.values():
            links += [Link(r.kind, False, other, r.note) for r in other.relations if r.to == slug]
        return links

    @property
    def survey(self) -> list[Method]:
        return [m for m in self.methods.values() if m.number]

    def recipes(self) -> dict[str, Recipe]:
        pefts = {slug: m.peft for slug, m in self.methods.items()}
        return {s: p.recipe for s, p in pefts.items() if isinstance(p, Peft) and p.recipe}

    def of_theme(self, key: str) -> list[Method]:
        return [m for m in self.methods.values() if m.theme == key]

    def names(self) -> dict[str, str]:
        """Return what every module is called, in the order of the catalogue.

        A page's title names its first module, or the first few; the others are called as their
        classes are.
        """
        names: dict[str, str] = {}
        for m in self.methods.values():
            parts = m.title.split(" and ")
            if len(parts) > len(m.modules):
                parts = [m.title]
            parts += [words(load(module).__name__) for module in m.modules[len(parts) :]]
            names |= dict(zip(m.modules, parts, strict=True))
        return names


def words(name: str) -> str:
    """Return the name of a class as words.

    >>> words("PrefixTuning"), words("ETHERPlus"), words("LLaMAAdapter")
    ('Prefix tuning', 'ETHER+', 'LLaMA adapter')
    """
    first, *rest = re.sub(r"(?<=\w\w)(?=[A-Z][a-z])", " ", name).split()
    return " ".join([first, *(word.lower() for word in rest)]).replace(" plus", "+")


@cache
def read(root: Path = ROOT) -> Catalog:
    """Return the whole catalogue.

    Raises:
        CatalogError: when a page or an entry cannot be read, with a line for each problem.
    """
    catalog, problems = readable(root)
    if problems:
        raise CatalogError("\n".join(problems))
    return catalog


def readable(root: Path) -> tuple[Catalog, list[str]]:
    papers = read_papers(root)
    themes = front_matter(root / "docs/methods/index.md")[0]["themes"]
    records, problems = [], []
    for path in sorted((root / "docs/methods").glob("*.md")):
        if path.name != "index.md":
            try:
                records.append(read_method(path, facts(root)))
            except CatalogError as error:
                problems.append(str(error))
    records.sort(key=lambda m: (m.number or len(records) + 1000, m.title))
    try:
        read_whole_or_part = opened(root)
        runs = {m.runs: m.modules[0] for m in records}
        findings = every_finding(root, {m.slug: m.modules for m in records}, runs)
    except CatalogError as error:
        findings, read_whole_or_part = {}, set()
        problems.append(str(error))
    methods = {
        m.slug: m.model_copy(
            update={
                "findings": findings.get(m.slug, ()) if m.graded else (),
                "unread": m.papers[0] not in read_whole_or_part,
            }
        )
        for m in records
    }
    return Catalog(methods, papers, themes), problems
