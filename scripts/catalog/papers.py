"""The bibliography: `docs/references.bib` as typed records."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pybtex.database import BibliographyData, Entry, Person, parse_string
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text as RichText

from scripts.survey.facts.records import CatalogError


class Paper(NamedTuple):
    key: str
    title: str
    authors: tuple[str, ...]
    surnames: tuple[str, ...]
    year: int
    venue: str
    url: str
    arxiv: str
    doi: str
    bibtex: str

    @property
    def short(self) -> str:
        match self.surnames:
            case [one]:
                names = one
            case [one, two]:
                names = f"{one} and {two}"
            case [one, *_]:
                names = f"{one} et al."
        return f"{names} {self.year}"

    @property
    def sentence(self) -> str:
        names = list(self.authors[:6]) + (["et al."] if len(self.authors) > 6 else [])
        authors = ", ".join(names).removesuffix(".")
        return f"{authors}. {self.title}. {self.venue}, {self.year}."


@cache
def plain(latex: str) -> str:
    r"""Return LaTeX as text.

    >>> plain(r"{LoRA} by Sch{\"o}lkopf")
    'LoRA by Schölkopf'
    """
    return str(RichText.from_latex(" ".join(latex.split())))


def read_papers(root: Path) -> dict[str, Paper]:
    """Return the publications of `docs/references.bib` by key.

    Raises:
        CatalogError: when the file cannot be parsed or an entry lacks a field.
    """
    return _read((root / "docs/references.bib").read_text("utf-8"))


@cache
def _read(text: str) -> dict[str, Paper]:
    try:
        data: BibliographyData = parse_string(text, "bibtex")
    except PybtexError as error:
        raise CatalogError(f"docs/references.bib: {error}") from error
    written = {m[1]: m[0] for m in re.finditer(r"^@\w+\{([^,]+),.*?^\}", text, re.S | re.M)}
    papers, problems = {}, []
    for key, entry in data.entries.items():
        missing = [f for f in ("title", "year") if f not in entry.fields]
        missing += ["author"] if not entry.persons.get("author") else []
        if missing:
            problems.append(f"docs/references.bib: {key}: {', '.join(missing)} is missing")
        elif key not in written:
            problems.append(f"docs/references.bib: {key}: the entry must end with a line `}}`")
        elif not _url(entry):
            problems.append(f"docs/references.bib: {key}: doi, eprint or url is missing")
        else:
            papers[key] = _paper(key, entry, written[key])
    if problems:
        raise CatalogError("\n".join(problems))
    return papers


def _paper(key: str, entry: Entry, written: str) -> Paper:
    field = entry.fields.get
    persons: list[Person] = entry.persons["author"]
    arxiv = field("eprint", "")
    venue = field("booktitle") or field("journal") or field("howpublished") or ""
    return Paper(
        key=key,
        title=plain(entry.fields["title"]),
        authors=tuple(plain(" ".join(_given(p) + _family(p))) for p in persons),
        surnames=tuple(plain(" ".join(_family(p))) for p in persons),
        year=int(entry.fields["year"]),
        venue=plain(venue) or (f"arXiv:{arxiv}" if arxiv else "Web page"),
        url=_url(entry),
        arxiv=arxiv,
        doi=field("doi", ""),
        bibtex=written,
    )


def _given(person: Person) -> list[str]:
    return [*person.first_names, *person.middle_names]


def _family(person: Person) -> list[str]:
    return [*person.prelast_names, *person.last_names, *person.lineage_names]


def _url(entry: Entry) -> str:
    if "eprint" in entry.fields:
        return f"https://arxiv.org/abs/{entry.fields['eprint']}"
    if "doi" in entry.fields:
        return f"https://doi.org/{entry.fields['doi']}"
    return str(entry.fields.get("url", ""))
