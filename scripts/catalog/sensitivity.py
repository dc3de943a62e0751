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
    DIMENSIONS,
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
    """Another choice than the rule's, which a sceptic could make."""

    what: str
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


CHOICES = (
    Choice("A source’s cap: 1, not 2", Weighing(cap=1)),
    Choice("A source’s cap: none", Weighing(cap=inf)),
    Choice("A side has to weigh 3 times, not 4", Weighing(ratio=3)),
    Choice("A side has to weigh 5 times, not 4", Weighing(ratio=5)),
    Choice("Level: half as wide", reading=Reading(LEVEL / 2)),
    Choice("Level: twice as wide", reading=Reading(2 * LEVEL)),
    Choice("Weak full fine-tuning as a baseline", reading=Reading(majority=False)),
    Choice("Without PEFT’s benchmark", kept=_without(peft.KEY)),
    Choice("Without our experiment", kept=_without(experiment.KEY)),
    Choice("Without authors’ own runs", kept=_of_others),
    Choice("All runs weigh alike", kept=_weak),
    Choice("Chosen on the test: not tuned", given=_tuned_elsewhere),
    Choice("Without figures and texts", given=_tables_alone),
)


class Outcome(NamedTuple):
    """How many verdicts another choice changes, and how many are confirmed then."""

    choice: Choice
    changed: int
    confirmed: int


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
    return Outcome(choice, changed, words.count("confirmed"))
