"""The pages of the methods: their front matter as typed records."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from adapters_np.expressions import parse
from scripts.survey.facts.addresses import Facts
from scripts.survey.facts.peft import Key, key
from scripts.survey.facts.records import (
    CatalogError,
    Record,
    Slug,
    Text,
    front_matter,
    validated,
)
from scripts.survey.sources.claims import Evidence
from scripts.survey.sources.errata import Erratum
from scripts.survey.sources.rule import DIMENSIONS as DIMENSIONS
from scripts.survey.sources.rule import MOST as MOST
from scripts.survey.sources.rule import POINTS as POINTS
from scripts.survey.sources.rule import Dimension as Dimension
from scripts.survey.sources.rule import Finding, Verdict, Word, decide

Alias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


Kind: TypeAlias = Literal[
    "generalises",
    "generalised_by",
    "special_case_of",
    "successor_of",
    "builds_on",
    "contrasts_with",
    "combines",
]


MOST_WORDS = 25


def sentence(text: str) -> str:
    """Return a sentence of at most `MOST_WORDS` words, or raise ValueError."""
    if len(text.split()) > MOST_WORDS or not text.endswith("."):
        raise ValueError(
            f"{text!r} is not one sentence of at most {MOST_WORDS} words with a full stop"
        )
    return text


Sentence = Annotated[Text, AfterValidator(sentence)]


class Relation(Record):
    kind: Kind
    to: Slug
    note: Text


class Deploy(Record):
    """Uses of the trained adapter."""

    merges: bool
    mixed_batch: bool
    quantised: bool


Bits = Literal[16, 8, 4]
BITS: tuple[Bits, ...] = (16, 8, 4)
"""In how many bits a base can be loaded."""


class Rate(Record):
    """The learning rate in the middle of a recipe's search, and who found it about right."""

    value: float
    why: str


class Recipe(Record):
    """Settings from which recipes.py makes code that trains the method in PEFT.

    `arguments` are at the scale of a model, and those that are knobs here count parameters too;
    `<targets>` stands for the weights, `<2 * rank>` for what follows from the rank, `<steps>` for
    the steps of training. `rank` is where it starts, and 0 where a method has none. `rate` is given
    where somebody printed a search; otherwise PEFT's benchmark says it. `targets` names weights
    where a method has its own; `named` is a recipe in which PEFT shares arrays by these names, so
    that "all-linear" would share nothing.
    `bits` tells on which bases training ran and is right, and `why` it does not on others. Where
    PEFT trains other parameters than our module does, there is how many: on a `weight`, over d_out,
    d_in and the rank; on all weights `alike`, of one name, over these and how many layers there
    are; or in a whole `model`, over its fields and the rank. `notes` are lines before training,
    `loading` such where a base that is not quantised is loaded; `trainer` and `saving` are more
    arguments where it is trained and saved. `kept` is its name in `memory` where that is not the
    class's.
    """

    arguments: dict[str, Any]
    rank: int = 0
    rate: Rate | None = None
    targets: tuple[str, ...] | None = None
    named: bool = False
    bits: tuple[Bits, ...] = BITS
    why: str = ""
    weight: str = ""
    alike: str = ""
    model: str = ""
    notes: str = ""
    loading: str = ""
    trainer: str = ""
    saving: str = ""
    kept: str = ""

    @model_validator(mode="after")
    def _told(self) -> Recipe:
        if (self.bits == BITS) == bool(self.why):
            raise ValueError("why: says why there is no recipe for 16, 8 or 4 bits, and only then")
        return self


def _formula(text: str) -> str:
    if text:
        parse(text)
    return text


Formula = Annotated[str, AfterValidator(_formula)]


class Memory(Record):
    """Bytes that PEFT keeps where it trains a method, over and above the weights and the adapter.

    `kept` for the backward pass of an adapted weight, and `held` beside it all the time, over
    d_out, d_in, the rank, and tokens; tests/parity/kept.py has read it off PEFT. Of the rank only
    what may be large is in it. `beside` for the backward pass of a whole model, over its fields and
    how it is trained.
    """

    kept: Formula = ""
    held: Formula = ""
    beside: Formula = ""


class Peft(Record):
    """The method's call in PEFT: arguments that are knobs here, and fixed ones."""

    config: Text = Field(alias="class")
    knobs: dict[str, Slug] = Field({})
    fixed: dict[str, Any] = Field({})
    memory: dict[Text, Memory] = Field({})
    """By the method's name in PEFT, which the name of a form may follow."""

    recipe: Recipe | None = None
    untested: Text | None = None
    """Why the method's runs in PEFT's benchmark say nothing of it."""


class Method(Record):
    slug: Slug
    body: str
    title: Text
    name: Text
    theme: Slug
    papers: Annotated[tuple[str, ...], Field(min_length=1)]
    deploy: Deploy
    peft: Annotated[
        Annotated[Peft, Tag("")]
        | Annotated[Literal["none", "elsewhere"], Tag("word")],  # elsewhere: without a class
        Discriminator(lambda told: "word" if isinstance(told, str) else ""),
    ]
    survey: tuple[Dimension, ...]
    audit: dict[Dimension, Text]  # the reason in words; the verdict follows from the evidence
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1)]
    errata: tuple[Erratum, ...]
    relations: tuple[Relation, ...]
    findings: tuple[Finding, ...] = ()  # of all sources; the catalogue adds them
    unread: bool = False  # whether its main paper has not been read; the catalogue adds it
    modules: Annotated[tuple[Slug, ...], Field(min_length=1)]
    answer: Text | None = None  # whether the hypothesis is true, as far as is known
    use: Text | None = None  # whether to use it, in a sentence with a condition
    sure: Text | None = None  # how sure the answer is: who ran it, how large the models were
    number: Annotated[int, Field(ge=1)] | None = None
    survey_theme: Text | None = None
    aliases: tuple[Alias, ...] = ()
    names: tuple[Text, ...] = ()
    status: Literal["active", "deprecated", "out_of_scope"] = "active"
    superseded_by: Slug | None = None
    disclosure: Text | None = None
    peft_note: Text | None = None
    changes: dict[Slug, dict[Slug, Sentence]] = Field({})
    """Changes that fit or break the hypothesis, by module and by their names in the widget."""
    hints: dict[Slug, dict[Slug, Sentence]] = Field({})
    """What moving a knob shows, by module and knob."""

    @model_validator(mode="after")
    def _consistent(self) -> Method:
        if self.audit and (missing := [d for d in DIMENSIONS if d not in self.audit]):
            raise ValueError(f"audit: {', '.join(missing)} is missing; it has all six or none")
        if self.survey and not self.audit:
            raise ValueError("audit: is empty, although the survey grades this method")
        if len(set(self.survey)) < len(self.survey):
            raise ValueError("survey: names a dimension twice")
        for name, said in {"changes": self.changes, "hints": self.hints}.items():
            if unknown := said.keys() - set(self.modules):
                raise ValueError(f"{name}: {', '.join(sorted(unknown))} is not in modules")
        if isinstance(self.peft, str) and not self.peft_note:
            raise ValueError("peft_note: is missing; say where the code is instead")
        return self

    @property
    def file(self) -> str:
        return f"docs/methods/{self.slug}.md"

    @property
    def url(self) -> str:
        """The page's address below the site's."""
        return f"methods/{self.slug}/"

    @property
    def in_peft(self) -> bool:
        """Return whether PEFT has it, with or without a class of its own."""
        return self.peft != "none"

    @property
    def untested(self) -> bool:
        return isinstance(self.peft, Peft) and bool(self.peft.untested)

    @property
    def runs(self) -> Key:
        return key(self.number, self.peft.config if isinstance(self.peft, Peft) else self.slug)

    @cached_property
    def sections(self) -> dict[str, str]:
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
        records: tuple[Any, ...] = (*self.evidence, *self.corrections)
        named = [source.key for record in records for source in record.sources]
        named += [finding.source_key for finding in self.findings]
        return tuple(dict.fromkeys([*self.papers, *named, *quoted(self.body)]))

    @property
    def corrections(self) -> tuple[Erratum, ...]:
        """Errors and omissions of the survey's entry, without what was withdrawn."""
        return tuple(e for e in self.errata if not e.withdrawn)

    @property
    def graded(self) -> bool:
        return bool(self.audit)

    @property
    def survey_total(self) -> float:
        return sum(POINTS[d] for d in self.survey)

    def found(self, dimension: Dimension) -> list[Finding]:
        return [f for f in self.findings if f.dimension == dimension]

    @cached_property
    def verdicts(self) -> dict[Dimension, Verdict]:
        """The audit's verdict on each dimension; nothing where nothing is graded."""
        return {
            d: decide(d, self.found(d), unread=self.unread) for d in DIMENSIONS if d in self.audit
        }

    @property
    def confirmed(self) -> float:
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
    return re.findall(r"""\{\{\s*ref\(\s*["']([^"']+)["']""", text)


def read_method(path: Path, facts: Facts) -> Method:
    """Return the record of a method's page, with numbers in the place of their addresses.

    Raises:
        CatalogError: when a field is missing, unknown or wrong; a line for each.
    """
    name = f"docs/methods/{path.name}"
    try:
        data, body = front_matter(path)
        data = facts.resolved(data)
    except (LookupError, ValueError) as error:
        raise CatalogError(f"{name}: {error}") from error
    if computed := {"slug", "body", "findings", "unread"} & data.keys():
        raise CatalogError(f"{name}: {', '.join(computed)}: is computed, never typed")
    data = {"modules": [path.stem]} | data | {"slug": path.stem, "body": body}
    return validated(Method, data, name)
