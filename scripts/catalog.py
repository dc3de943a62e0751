"""The catalogue: front matter, bibliography and modules as typed records, checked.

    python -m scripts.catalog        checks everything and prints the totals

A page `docs/methods/<slug>.md` states its facts once, in its front matter; every table, total and
list of the site is computed from the records made here. What is missing or does not fit is an error
that names file and field.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pybtex.database import BibliographyData, parse_file
from pybtex.scanner import PybtexSyntaxError

ROOT = Path(__file__).resolve().parents[1]


class Dimension(NamedTuple):
    """One dimension of evidence of the source survey's rubric."""

    points: float
    name: str
    meaning: str


DIMENSIONS = {
    "PE": Dimension(
        1, "Parameter-efficient", "level with full fine-tuning with under 1 % of the parameters"
    ),
    "BL": Dimension(1, "Beats LoRA", "better than LoRA at a comparable budget"),
    "BF": Dimension(1.5, "Matches full tuning", "level with or above full fine-tuning"),
    "DE": Dimension(1.5, "Data-efficient", "converges faster, or needs less data"),
    "OOD": Dimension(2, "Out of distribution", "generalises beyond the training distribution"),
    "WA": Dimension(1, "Widely adopted", "a baseline in many other papers"),
}

THEMES = {
    "basis": "Basis choice",
    "orthogonality": "Orthogonality",
    "strength": "Direction and strength",
    "gain": "Gain control",
    "rank": "How many directions",
    "architecture": "Functional architecture",
}

AUDIT_VERDICTS = ("confirmed", "contested", "unsupported")
EVIDENCE_VERDICTS = ("confirmed", "partly", "contested", "wrong", "unsupported", "unverified")
STATUSES = ("active", "deprecated", "out_of_scope")

RELATIONS = {
    "generalises": "special case",
    "generalised_by": "generalises",
    "special_case_of": "has as a special case",
    "successor_of": "succeeded by",
    "builds_on": "built on by",
    "contrasts_with": "contrasts with",
    "combines": "part of",
}
"""The kinds of relation a page may state, and how the other page words it."""

SECTIONS = {
    "Hypothesis": ("demo",),
    "Mathematics": (),
    "Implementation": ("arrays",),
    "What to notice": (),
    "Evidence": ("evidence",),
    "Grade": ("grade",),
    "Limits": (),
    "In PEFT": ("peft",),
    "Errata": ("errata",),
    "Relations": ("relations",),
    "Cite": ("cite",),
}
"""The sections of every method page in their order, and the macros each must call."""

FIELDS = {
    "title", "name", "number", "theme", "survey_theme", "papers", "aliases", "modules", "status",
    "superseded_by", "disclosure", "deploy", "peft", "peft_note", "survey", "audit", "evidence",
    "errata", "relations", "description",
}  # fmt: skip


class Source(NamedTuple):
    """A publication and the place in it."""

    key: str
    where: str


class Verdict(NamedTuple):
    """The audit of one dimension."""

    verdict: str
    reason: str
    sources: tuple[Source, ...]


class Evidence(NamedTuple):
    """One claim, checked."""

    claim: str
    verdict: str
    numbers: str
    sources: tuple[Source, ...]


class Erratum(NamedTuple):
    """One correction to the source survey."""

    says: str
    correct: str
    sources: tuple[Source, ...]


class Relation(NamedTuple):
    """A relation to another method, as its page states it."""

    kind: str
    to: str
    note: str


@dataclass(frozen=True)
class Method:
    """One page of the catalogue."""

    slug: str
    title: str
    name: str
    number: int | None
    theme: str
    survey_theme: str
    papers: tuple[str, ...]
    aliases: tuple[str, ...]
    modules: tuple[str, ...]
    status: str
    superseded_by: str
    disclosure: str
    deploy: Mapping[str, bool]
    peft: Mapping[str, Any]
    peft_note: str
    survey: tuple[str, ...]
    audit: Mapping[str, Verdict]
    evidence: tuple[Evidence, ...]
    errata: tuple[Erratum, ...]
    relations: tuple[Relation, ...]
    description: str

    @property
    def graded(self) -> bool:
        """Whether the survey or the audit grades the entry."""
        return bool(self.audit)

    @cached_property
    def survey_total(self) -> float:
        """The points of the dimensions that the survey awards."""
        return sum(DIMENSIONS[d].points for d in self.survey)

    @cached_property
    def confirmed(self) -> float:
        """The points of the dimensions that the audit confirms."""
        return self._points("confirmed")

    @cached_property
    def contested(self) -> float:
        """The points of the dimensions that the audit calls contested."""
        return self._points("contested")

    def _points(self, verdict: str) -> float:
        return sum(DIMENSIONS[d].points for d, v in self.audit.items() if v.verdict == verdict)

    def cited(self) -> Iterator[str]:
        """Yield the keys of all publications that the front matter names, with repetitions."""
        yield from self.papers
        items: list[Verdict | Evidence | Erratum] = [
            *self.audit.values(),
            *self.evidence,
            *self.errata,
        ]
        for item in items:
            yield from (source.key for source in item.sources)


class CatalogError(Exception):
    """What does not fit, a line each, as file: field: what."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the lines in order."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Catalog:
    """All methods by slug, in the order of their numbers, and the bibliography."""

    methods: Mapping[str, Method]
    bibliography: BibliographyData

    def by_number(self, number: int) -> Method | None:
        """Return the page of an entry of the source survey."""
        return next((m for m in self.methods.values() if m.number == number), None)

    def by_theme(self, theme: str) -> list[Method]:
        """Return the methods of a theme in the order of their numbers."""
        return [m for m in self.methods.values() if m.theme == theme]

    def related(self, slug: str) -> list[tuple[str, Method, str]]:
        """Return (relation in words, other method, note) in both directions."""
        method = self.methods[slug]
        found = [
            (relation.kind.replace("_", " "), self.methods[relation.to], relation.note)
            for relation in method.relations
        ]
        for other in self.methods.values():
            for relation in other.relations:
                if relation.to == slug:
                    found.append((RELATIONS[relation.kind], other, relation.note))
        return found


# Reading ------------------------------------------------------------------------------------------


def split(text: str) -> tuple[dict[str, Any], str]:
    """Return the front matter and the body of a page.

    Raises:
        ValueError: when there is no front matter or it is not YAML.
    """
    match = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    if not match:
        raise ValueError("has no front matter")
    try:
        meta = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise ValueError(f"front matter is not YAML: {error}") from error
    if not isinstance(meta, dict):
        raise ValueError("front matter is not a mapping")
    return meta, match[2]


def parse_sources(text: str) -> tuple[Source, ...]:
    """Return the sources in "key, place; key, place".

    >>> parse_sources("hu2022lora, Tables 2 and 4; biderman2024lora")
    (Source(key='hu2022lora', where='Tables 2 and 4'), Source(key='biderman2024lora', where=''))
    """
    pairs = (part.strip().partition(",") for part in text.split(";"))
    return tuple(Source(key.strip(), where.strip()) for key, _, where in pairs)


def first_sentence(body: str) -> str:
    """Return the first sentence under the heading "Hypothesis", or "" where there is none."""
    match = re.search(r"^## Hypothesis\n+(.+?)(?:\n\n|\Z)", body, re.DOTALL | re.MULTILINE)
    if not match:
        return ""
    paragraph = re.sub(r"[*_`]", "", re.sub(r"\s+", " ", match[1]))
    sentence = re.match(r".+?[.!?](?= [A-ZÀ-Þ]|$)", paragraph)
    return sentence[0] if sentence else paragraph


class Page:
    """Reads one page and collects what is wrong with it."""

    def __init__(self, path: Path, keys: set[str], slugs: set[str], modules: set[str]) -> None:
        """Remember what the page may refer to."""
        self.path, self.keys, self.slugs, self.all_modules = path, keys, slugs, modules
        self.problems: list[str] = []

    def wrong(self, field: str, what: str) -> None:
        """Note a problem."""
        self.problems.append(f"docs/methods/{self.path.name}: {field}: {what}")

    def text(self, record: Any, name: str, field: str) -> str:
        """Return a text that must be there."""
        value = record.get(name) if isinstance(record, dict) else None
        if not isinstance(value, str) or not value.strip():
            self.wrong(f"{field}.{name}" if field else name, "is missing")
            return ""
        return value.strip()

    def one_of(self, value: str, allowed: Iterable[str], field: str) -> str:
        """Return a value that must be one of those allowed."""
        if value and value not in allowed:
            self.wrong(field, f"{value!r} is not one of {', '.join(allowed)}")
        return value

    def sources(self, record: Any, field: str, *, needed: bool = True) -> tuple[Source, ...]:
        """Return the sources of a record; every key must be in the bibliography."""
        if not needed and not (isinstance(record, dict) and record.get("source")):
            return ()
        found = parse_sources(self.text(record, "source", field))
        for source in found:
            if source.key and source.key not in self.keys:
                self.wrong(f"{field}.source", f"{source.key!r} is not in docs/references.bib")
        return found

    def read(self) -> Method | None:
        """Return the page's record, or None where it cannot even be read."""
        try:
            meta, body = split(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            self.wrong("front matter", str(error))
            return None
        slug = self.path.stem
        for name in sorted(set(meta) - FIELDS):
            hint = "a total is computed, never typed" if "score" in name or "total" in name else ""
            self.wrong(name, hint or "is not a field of a method page")
        number = meta.get("number")
        if number is not None and not isinstance(number, int):
            self.wrong("number", f"{number!r} is not a whole number")
        papers = tuple(meta.get("papers") or ())
        if not papers:
            self.wrong("papers", "is empty")
        for key in papers:
            if key not in self.keys:
                self.wrong("papers", f"{key!r} is not in docs/references.bib")
        modules = tuple(meta.get("modules") or (slug,))
        for module in modules:
            if module not in self.all_modules:
                self.wrong("modules", f"adapters_np/methods/{module}.py does not exist")
        self.body(body, modules)
        description = first_sentence(body)
        if not description or len(description) > 200:
            self.wrong(
                "Hypothesis", f"its first sentence has {len(description)} letters, 1 to 200 fit"
            )
        peft = meta.get("peft")
        return Method(
            slug=slug,
            title=self.text(meta, "title", ""),
            name=self.text(meta, "name", ""),
            number=number,
            theme=self.one_of(self.text(meta, "theme", ""), THEMES, "theme"),
            survey_theme=str(meta.get("survey_theme") or ""),
            papers=papers,
            aliases=tuple(meta.get("aliases") or ()),
            modules=modules,
            status=self.one_of(meta.get("status", "active"), STATUSES, "status"),
            superseded_by=self.one_of(meta.get("superseded_by", ""), self.slugs, "superseded_by"),
            disclosure=meta.get("disclosure", ""),
            deploy=self.deploy(meta.get("deploy")),
            peft=peft if isinstance(peft, dict) else {},
            peft_note=meta.get("peft_note", ""),
            survey=self.dimensions(meta),
            audit=self.audit(meta),
            evidence=tuple(
                Evidence(
                    self.text(r, "claim", field),
                    self.one_of(
                        self.text(r, "verdict", field), EVIDENCE_VERDICTS, f"{field}.verdict"
                    ),
                    self.text(r, "numbers", field),
                    self.sources(r, field),
                )
                for field, r in self.records(meta, "evidence")
            ),
            errata=tuple(
                Erratum(
                    self.text(r, "says", field),
                    self.text(r, "correct", field),
                    self.sources(r, field, needed=False),
                )
                for field, r in self.records(meta, "errata")
            ),
            relations=tuple(
                Relation(
                    self.one_of(self.text(r, "kind", field), RELATIONS, f"{field}.kind"),
                    self.one_of(self.text(r, "to", field), self.slugs - {slug}, f"{field}.to"),
                    self.text(r, "note", field),
                )
                for field, r in self.records(meta, "relations")
            ),
            description=description,
        )

    def records(self, meta: dict[str, Any], name: str) -> Iterator[tuple[str, Any]]:
        """Yield the records of a list with the names that errors use for them."""
        if not isinstance(meta.get(name), list):
            self.wrong(name, "is not a list")
            return
        for i, record in enumerate(meta[name], 1):
            yield f"{name}[{i}]", record

    def dimensions(self, meta: dict[str, Any]) -> tuple[str, ...]:
        """Return the dimensions that the survey awards."""
        found = tuple(meta.get("survey") or ())
        for dimension in found:
            self.one_of(str(dimension), DIMENSIONS, "survey")
        return tuple(d for d in found if d in DIMENSIONS)

    def audit(self, meta: dict[str, Any]) -> dict[str, Verdict]:
        """Return the audit: all six dimensions, each with reason and source, or none."""
        audit = meta.get("audit") or {}
        if not isinstance(audit, dict):
            self.wrong("audit", "is not a mapping from dimensions")
            return {}
        if audit and set(audit) != set(DIMENSIONS):
            missing = [d for d in DIMENSIONS if d not in audit]
            extra = [d for d in audit if d not in DIMENSIONS]
            self.wrong("audit", f"lacks {missing}, and has {extra} which are no dimensions")
        if meta.get("survey") and not audit:
            self.wrong("audit", "is empty although the survey grades the entry")
        return {
            d: Verdict(
                self.one_of(
                    self.text(r, "verdict", f"audit.{d}"), AUDIT_VERDICTS, f"audit.{d}.verdict"
                ),
                self.text(r, "reason", f"audit.{d}"),
                self.sources(r, f"audit.{d}"),
            )
            for d, r in sorted(audit.items(), key=lambda pair: list(DIMENSIONS).index(pair[0]))
            if d in DIMENSIONS
        }

    def deploy(self, given: Any) -> dict[str, bool]:
        """Return what the method allows in use: three yes-or-no answers."""
        answers = {}
        for name in ("merges", "mixed_batch", "quantised"):
            value = given.get(name) if isinstance(given, dict) else None
            if not isinstance(value, bool):
                self.wrong(f"deploy.{name}", f"{value!r} is not true or false")
            answers[name] = bool(value)
        return answers

    def body(self, body: str, modules: tuple[str, ...]) -> None:
        """Check that the sections are there, in order, with their macros and all modules."""
        headings = re.findall(r"^## (.+)$", body, re.MULTILINE)
        if headings != list(SECTIONS):
            missing = [s for s in SECTIONS if s not in headings]
            extra = [h for h in headings if h not in SECTIONS]
            self.wrong("sections", f"missing {missing}, unknown {extra}, or not in order")
        parts = dict(zip(headings, re.split(r"^## .+$", body, flags=re.MULTILINE)[1:], strict=True))
        for section, macros in SECTIONS.items():
            for macro in macros:
                if not re.search(rf"\{{\{{ {macro}\(", parts.get(section, "")):
                    self.wrong(section, f"does not call {{{{ {macro}() }}}}")
            if not parts.get(section, "").strip():
                self.wrong(section, "is empty")
        for module in modules:
            if f"::: adapters_np.methods.{module}\n" not in body:
                self.wrong("Implementation", f"does not show ::: adapters_np.methods.{module}")
            if module != self.path.stem and f'demo("{module}")' not in body:
                self.wrong("Hypothesis", f'does not call {{{{ demo("{module}") }}}}')


def bibliography(root: Path = ROOT) -> BibliographyData:
    """Return docs/references.bib.

    Raises:
        CatalogError: when pybtex cannot parse it.
    """
    try:
        return parse_file(str(root / "docs" / "references.bib"), "bibtex")
    except PybtexSyntaxError as error:
        raise CatalogError([f"docs/references.bib: {error}"]) from error


def read(root: Path = ROOT) -> Catalog:
    """Return the whole catalogue.

    Raises:
        CatalogError: when anything is missing or does not fit; all problems at once.
    """
    library = bibliography(root)
    paths = sorted(p for p in (root / "docs" / "methods").glob("*.md") if p.stem != "index")
    slugs = {path.stem for path in paths}
    folder = root / "adapters_np" / "methods"
    modules = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    pages = [Page(path, set(library.entries), slugs, modules) for path in paths]
    methods = [m for m in (page.read() for page in pages) if m is not None]
    problems = [problem for page in pages for problem in page.problems]

    seen: dict[Any, str] = {}
    for m in methods:
        claimed: list[Any] = [*m.aliases, *([] if m.number is None else [m.number]), *m.modules]
        for thing in claimed:
            if thing in seen or (thing in slugs and thing != m.slug):
                other = seen.get(thing, thing)
                problems.append(
                    f"docs/methods/{m.slug}.md: {thing!r} belongs to {other}.md already"
                )
            seen[thing] = m.slug
    shown = {module for m in methods for module in m.modules}
    problems += [
        f"adapters_np/methods/{name}.py: no page shows it" for name in sorted(modules - shown)
    ]
    if problems:
        raise CatalogError(problems)
    methods.sort(key=lambda m: (m.number is None, m.number, m.slug))
    return Catalog({m.slug: m for m in methods}, library)


def main() -> None:
    """Check the catalogue and print the totals."""
    try:
        catalog = read()
    except CatalogError as error:
        sys.exit(f"{error}\n✗ {len(error.problems)} problems in the catalogue")
    for m in catalog.methods.values():
        totals = f"survey {m.survey_total:3} audit {m.confirmed:3} + {m.contested:3}"
        print(f"{m.number or '–':>3} {m.title:20} {totals}")
    print(f"{len(catalog.methods)} methods, {len(catalog.bibliography.entries)} publications")


if __name__ == "__main__":
    main()
