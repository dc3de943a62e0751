"""The pages of the methods: their front matter as typed records."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from scripts.catalog.papers import CatalogError
from scripts.catalog.verdict import DIMENSIONS as DIMENSIONS
from scripts.catalog.verdict import MOST as MOST
from scripts.catalog.verdict import POINTS as POINTS
from scripts.catalog.verdict import Dimension as Dimension
from scripts.catalog.verdict import Finding, Verdict, Word, decide

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C, where there is one


class Source(NamedTuple):
    """A publication, and where in it."""

    key: str
    where: str


def sources(text: Any) -> Any:
    """Return the sources that a `source` field names.

    >>> sources("hu2022lora, Tables 2 and 4; liu2024dora")
    (Source(key='hu2022lora', where='Tables 2 and 4'), Source(key='liu2024dora', where=''))
    """
    if not isinstance(text, str):
        return text
    parts = (part.partition(",") for part in text.split(";"))
    return tuple(Source(key.strip(), where.strip()) for key, _, where in parts)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Alias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Sources = Annotated[tuple[Source, ...], BeforeValidator(sources), Field(alias="source")]


class Record(BaseModel):
    """A part of a page's front matter; a field that is not declared here is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Override(Record):
    """A verdict by hand, where the rule goes wrong."""

    verdict: Word
    reason: Text


class Evidence(Record):
    """A claim, what became of it, and the numbers."""

    claim: Text
    verdict: Literal["confirmed", "partly", "contested", "wrong", "unsupported", "unverified"]
    numbers: Text
    sources: Sources


class Erratum(Record):
    """A correction to the source survey."""

    says: Text
    correct: Text
    sources: Sources


Kind: TypeAlias = Literal[
    "generalises",
    "generalised_by",
    "special_case_of",
    "successor_of",
    "builds_on",
    "contrasts_with",
    "combines",
]


class Relation(Record):
    """What this method is to another one."""

    kind: Kind
    to: Slug
    note: Text


class Deploy(Record):
    """What can be done with the trained adapter."""

    merges: bool
    mixed_batch: bool
    quantised: bool


class Peft(Record):
    """How the method is called in PEFT: arguments that are knobs here, and fixed ones."""

    config: Text = Field(alias="class")
    knobs: dict[str, Slug] = {}
    fixed: dict[str, Any] = {}


class Method(Record):
    """One entry of the catalogue."""

    slug: Slug
    body: str
    title: Text
    name: Text
    theme: Slug
    papers: Annotated[tuple[str, ...], Field(min_length=1)]
    deploy: Deploy
    peft: Peft | Literal["none"]
    survey: tuple[Dimension, ...]
    audit: dict[Dimension, Text]  # the reason in words; the verdict follows from the evidence
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1)]
    errata: tuple[Erratum, ...]
    relations: tuple[Relation, ...]
    findings: tuple[Finding, ...] = ()  # of all sources; the catalogue adds them
    modules: Annotated[tuple[Slug, ...], Field(min_length=1)]
    overrides: dict[Dimension, Override] = {}
    answer: Text | None = None  # whether the hypothesis is true, as far as is known
    number: Annotated[int, Field(ge=1)] | None = None
    survey_theme: Text | None = None
    aliases: tuple[Alias, ...] = ()
    names: tuple[Text, ...] = ()
    status: Literal["active", "deprecated", "out_of_scope"] = "active"
    superseded_by: Slug | None = None
    disclosure: Text | None = None
    peft_note: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Method:
        if self.audit and (missing := [d for d in DIMENSIONS if d not in self.audit]):
            raise ValueError(f"audit: {', '.join(missing)} is missing; it has all six or none")
        if self.survey and not self.audit:
            raise ValueError("audit: is empty, although the survey grades this method")
        if len(set(self.survey)) < len(self.survey):
            raise ValueError("survey: names a dimension twice")
        if not_graded := self.overrides.keys() - self.audit.keys():
            raise ValueError(f"overrides: {', '.join(sorted(not_graded))} is not in audit")
        if self.peft == "none" and not self.peft_note:
            raise ValueError("peft_note: is missing; say where the code is instead")
        return self

    @property
    def file(self) -> str:
        """Where the page is written."""
        return f"docs/methods/{self.slug}.md"

    @property
    def url(self) -> str:
        """The page's address below the site's."""
        return f"methods/{self.slug}/"

    @cached_property
    def sections(self) -> dict[str, str]:
        """The text of each part of the page by its heading."""
        _, *rest = re.split(r"^## +(.+?) *$", self.body, flags=re.M)
        return dict(zip(rest[::2], (text.strip() for text in rest[1::2]), strict=True))

    @cached_property
    def description(self) -> str:
        """The first sentence under Hypothesis, as plain text."""
        paragraph = " ".join(self.sections["Hypothesis"].split("\n\n")[0].split())
        first = re.split(r"(?<=[.!?])\s", paragraph, maxsplit=1)[0]
        return re.sub(r"[*_`]+(\S.*?)[*_`]+", r"\1", first)

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The keys of all publications that the page names, its own first."""
        records: tuple[Any, ...] = (*self.evidence, *self.errata)
        named = [source.key for record in records for source in record.sources]
        named += [finding.source_key for finding in self.findings]
        return tuple(dict.fromkeys([*self.papers, *named, *quoted(self.body)]))

    @property
    def graded(self) -> bool:
        """Whether the method has grades."""
        return bool(self.audit)

    @property
    def survey_total(self) -> float:
        """The points that the source survey gives."""
        return sum(POINTS[d] for d in self.survey)

    def found(self, dimension: Dimension) -> list[Finding]:
        """Return the findings of one dimension."""
        return [f for f in self.findings if f.dimension == dimension]

    @cached_property
    def verdicts(self) -> dict[Dimension, Verdict]:
        """What the audit says of each dimension; nothing where nothing is graded."""
        return {d: self._verdict(d) for d in DIMENSIONS if d in self.audit}

    def _verdict(self, dimension: Dimension) -> Verdict:
        verdict, override = decide(dimension, self.found(dimension)), self.overrides.get(dimension)
        if override:
            return Verdict(override.verdict, None, verdict.F, verdict.A, {}, override.reason)
        return verdict

    @property
    def confirmed(self) -> float:
        """The points that the audit confirms."""
        return self._points("confirmed")

    @property
    def reported(self) -> float:
        """The points that are reported, mostly by the authors; they do not count."""
        return self._points("reported")

    @property
    def contested(self) -> float:
        """The points that are in dispute; they do not count."""
        return self._points("contested")

    def _points(self, word: Word) -> float:
        return sum(POINTS[d] for d, v in self.verdicts.items() if v.word == word)


def quoted(text: str) -> list[str]:
    """Return the keys of the publications that a page's text refers to."""
    return re.findall(r"""\{\{\s*ref\(\s*["']([^"']+)["']""", text)


class Loader(LOADER):  # type: ignore[misc, valid-type]
    """Takes YAML, but no key twice: the second would silently replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping.

        Raises:
            ValueError: when a key is there twice, with the line of the second.
        """
        names = [key.value for key, _ in node.value]
        for i, (key, _) in enumerate(node.value):
            if key.value in names[:i]:
                line = key.start_mark.line + 2  # from 0, after the opening ---
                raise ValueError(f"line {line}: {key.value!r} is there twice")
        return super().construct_mapping(node, deep)


def front_matter(path: Path) -> tuple[dict[str, Any], str]:
    """Return a page's front matter and its text.

    Raises:
        ValueError: when the front matter is not closed, is no YAML mapping or has a key twice.
    """
    text = path.read_text("utf-8")
    if not text.startswith("---\n"):
        return {}, text
    head, closed, body = text[4:].partition("\n---\n")
    if not closed:
        raise ValueError("the front matter does not end with ---")
    try:
        data = yaml.load(head, Loader=Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"the front matter is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise ValueError("the front matter is not a mapping")
    return data, body


def read_method(path: Path) -> Method:
    """Return the record of a method's page.

    Raises:
        CatalogError: when a field is missing, unknown or wrong; a line for each.
    """
    name = f"docs/methods/{path.name}"
    try:
        data, body = front_matter(path)
    except ValueError as error:
        raise CatalogError(f"{name}: {error}") from error
    if computed := {"slug", "body", "findings"} & data.keys():
        raise CatalogError(f"{name}: {', '.join(computed)}: is computed, never typed")
    data = {"modules": [path.stem]} | data | {"slug": path.stem, "body": body}
    try:
        return Method.model_validate(data)
    except ValidationError as error:
        lines = (
            f"{name}: {'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise CatalogError("\n".join(line.replace(": : ", ": ") for line in lines)) from error
