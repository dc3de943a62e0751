"""Bets as pages show them: their names, their words, and how many came out how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args

from adapters_np.control import controls
from scripts.macros.page import catalog, inline, names
from scripts.survey.facts import say
from scripts.survey.results import bets as survey
from scripts.survey.results import effects, english
from scripts.survey.results.bets import Bet, reasons, words
from scripts.survey.results.contrasts import Contrast
from scripts.survey.results.controls import Improvement
from scripts.survey.results.hypothesis import Judged, Outcome, Printed, Word, balance

APART = 0.2
"""Of full fine-tuning's improvement: from here on what a method learns differs between texts."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
SIGNS = {"for": "for", "against": "against", "none": "level", "open": "mixed"}


class Beside(NamedTuple):
    """A control in a table: what is taken out, the two judgements, and why there is none."""

    name: str
    kind: str
    out: str
    trained: Judged | None
    reach: Judged | None
    encoder: dict[str, effects.Effect]
    """On a real English model, in points of accuracy, by task; no part of the word."""


class Shown(NamedTuple):
    """A bet as pages show it."""

    bet: Bet
    name: str
    page: str
    theme: str
    reasons: str
    controls: list[Beside]
    printed: list[tuple[Contrast, str]]


def shown(bet: Bet) -> Shown:
    """Return a bet as pages show it."""
    name, page = names()[bet.slug]
    beside = [
        Beside(
            e.control, e.kind, controls(bet.slug)[e.control].out, *bet.beside(e.control),
            english.beside_control(bet.slug, e.control),
        )
        for e in bet.controls
    ]  # fmt: skip
    printed = [(c, _side(c)) for c in bet.printed]
    theme = catalog().methods[page].theme
    return Shown(bet, name, page, theme, inline(reasons(bet)), beside, printed)


def _side(contrast: Contrast) -> str:
    source = contrast.references[0].key
    return SIGNS[balance(Printed(source, row.side, contrast.by_authors) for row in contrast.rows)]


def where(some: Iterable[Shown]) -> str:
    """Return where some methods were trained."""
    return survey.where(*(s.bet for s in some))


def by_word() -> list[tuple[Word, list[Shown]]]:
    """Return all bets by their words, the best first."""
    every = [shown(bet) for bet in survey.bets()]
    groups = [(word, [s for s in every if s.bet.word == word]) for word in words()]
    return [(word, some) for word, some in groups if some]


def by_theme() -> list[tuple[str, list[str]]]:
    """Return for each theme, and for all, what came of relocated and of relaxed controls."""
    every = [shown(bet) for bet in survey.bets()]
    themes = catalog().themes.items()
    groups = [(theme.title, [s for s in every if s.theme == key]) for key, theme in themes]
    rows = [(title, some, "ahead") for title, some in (*groups, ("All", every)) if some]
    level = [s for s in every if of_kind([s], "relocated", "level")]
    rows.append((f"Need only match: {say.listed([s.name for s in level])}", level, "level"))
    return [
        (title, [tally(of_kind(some, kind, claim)) for kind in ("relocated", "relaxed")])
        for title, some, claim in rows
    ]


def of_kind(some: Iterable[Shown], kind: str, claim: str) -> list[Judged]:
    """Return what was trained beside controls of a kind, that have to be beaten or be matched."""
    every = [c.trained for s in some for c in s.controls if c.kind == kind and c.trained]
    return [j for j in every if j.comparison.claim == claim]


def tally(some: Sequence[Judged]) -> str:
    """Return how many comparisons have which outcome."""
    if not some:
        return "–"
    every = Counter(j.overall.outcome for j in some)
    said = {"not resolved": "inconclusive"}
    return ", ".join(f"{every[o]} {said.get(o, o)}" for o in OUTCOMES if every[o])


def share(improvement: Improvement) -> str:
    """Return a share of full fine-tuning's improvement; where texts differ much, that of each."""
    whole, *parts = improvement.values()
    if max(parts) - min(parts) < APART:
        return say.percent(whole)
    each = [
        f"{survey.called(task)} {say.percent(improvement[task])}" for task in improvement if task
    ]
    return f"{say.percent(whole)} ({', '.join(each)})"
