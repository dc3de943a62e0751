"""Sensitivity of the verdicts to the rule's choices: each verdict again under each other choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from math import inf
from pathlib import Path
from typing import NamedTuple, TypeAlias

from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.catalog.records import Method
from scripts.survey.facts import peft
from scripts.survey.facts.pair import LEVEL, READING, Reading, read_models
from scripts.survey.facts.result import Source
from scripts.survey.results import experiment
from scripts.survey.sources.evidence import Findings, every_source, findings
from scripts.survey.sources.rule import (
    CAP,
    DIMENSIONS,
    RATIO,
    RULE,
    Dimension,
    Finding,
    Judgement,
    Weighing,
    judge,
)

Kept: TypeAlias = Callable[[Finding], Finding | None]
Given: TypeAlias = Callable[[Source], Source]
Judged: TypeAlias = dict[tuple[str, Dimension], Judgement]


def _all(finding: Finding) -> Finding | None:
    return finding


def _as_is(source: Source) -> Source:
    return source


class Choice(NamedTuple):
    """A choice of the rule, and another one that a sceptic could make."""

    what: str
    ours: str
    other: str
    how: Weighing = RULE
    reading: Reading = READING
    kept: Kept = _all
    given: Given = _as_is


def _without(*keys: str) -> Kept:
    return lambda f: None if f.source_key in keys else f


def _of_others(finding: Finding) -> Finding | None:
    return None if finding.run_by == "authors" else finding


def _weak(finding: Finding) -> Finding:
    return finding._replace(strength="weak")


def _tables_alone(source: Source) -> Source:
    return source.model_copy(update={"findings": ()})


def _tuned_elsewhere(source: Source) -> Source:
    tables = tuple(
        t.model_copy(update={"rates": "unknown"}) if t.tuned_on_test else t for t in source.tables
    )
    return source.model_copy(update={"tables": tables})


def _per_cent(share: float) -> str:
    return f"{100 * share:g} % of the range"


MARGIN = "What is level where no spread is printed"
SETTLED = "How many times one side has to outweigh the other"
VOTE = "What a source weighs at most"

CHOICES = (
    Choice(VOTE, f"{CAP} times its heaviest unit", "as much as its heaviest", Weighing(cap=1)),
    Choice(VOTE, f"{CAP} times its heaviest unit", "all its units", Weighing(cap=inf)),
    Choice(SETTLED, f"{RATIO}", "3", Weighing(ratio=3)),
    Choice(SETTLED, f"{RATIO}", "5", Weighing(ratio=5)),
    Choice(MARGIN, _per_cent(LEVEL), _per_cent(LEVEL / 2), reading=Reading(LEVEL / 2)),
    Choice(MARGIN, _per_cent(LEVEL), _per_cent(2 * LEVEL), reading=Reading(2 * LEVEL)),
    Choice(
        "Full fine-tuning that most adapters beat",
        "no baseline",
        "a baseline",
        reading=Reading(majority=False),
    ),
    Choice("PEFT’s benchmark", "counts", "left out", kept=_without(peft.KEY)),
    Choice("Our experiment", "counts, weak", "left out", kept=_without(experiment.KEY)),
    Choice("What a method’s authors ran", "counts", "left out", kept=_of_others),
    Choice("Tuned and repeated runs", "weigh more", "weigh as others do", kept=_weak),
    Choice("Rates chosen on the test’s data", "count as tuned", "do not", given=_tuned_elsewhere),
    Choice("Numbers from figures and texts", "count", "left out", given=_tables_alone),
)


class Outcome(NamedTuple):
    """How many verdicts another choice changes, and how many are settled then."""

    choice: Choice
    changed: int
    confirmed: int
    contradicted: int


def graded() -> list[Method]:
    return [m for m in read().methods.values() if m.graded]


def judged() -> int:
    return len(graded()) * (len(DIMENSIONS) - 1)


@cache
def _read(root: Path, given: Given, reading: Reading) -> dict[str, Findings]:
    methods = read().methods.values()
    runs = {m.runs: m.modules[0] for m in methods}
    sources = tuple(map(given, every_source(root, runs)))
    return findings({m.slug: m.modules for m in graded()}, sources, read_models(root), reading)


def _all_verdicts(choice: Choice, root: Path) -> Judged:
    units = _read(root, choice.given, choice.reading)
    return {
        (m.slug, d): judge(d, list(_of(units[m.slug], d, choice.kept)), choice.how, unread=m.unread)
        for m in graded()
        for d in DIMENSIONS
        if d != "WA"
    }


def _of(findings: Iterable[Finding], dimension: Dimension, kept: Kept) -> Iterator[Finding]:
    for finding in findings:
        if finding.dimension == dimension and (one := kept(finding)):
            yield one


@cache
def outcomes(root: Path = ROOT) -> list[Outcome]:
    return [_outcome(choice, root) for choice in CHOICES]


def _outcome(choice: Choice, root: Path) -> Outcome:
    then = _all_verdicts(choice, root)
    now = {(m.slug, d): v.word for m in graded() for d, v in m.verdicts.items()}
    changed = sum(verdict.word != now[key] for key, verdict in then.items())
    words = [verdict.word for verdict in then.values()]
    return Outcome(choice, changed, words.count("confirmed"), words.count("contradicted"))
