"""The facts of all sources: printed cells, PEFT's runs, the experiment's runs, measured changes."""

from __future__ import annotations

import pkgutil
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from scripts.bootstrap import ROOT
from scripts.survey import results
from scripts.survey.facts import peft, say
from scripts.survey.facts.addresses import Fact, Facts, Provider
from scripts.survey.facts.pages import pages_of_runs
from scripts.survey.facts.pair import read_models
from scripts.survey.facts.papers import read_tables
from scripts.survey.facts.result import Row, Source, Table
from scripts.survey.results import changes, english, trained
from scripts.survey.sources import baselines, forest
from scripts.survey.sources.certainty import word
from scripts.survey.sources.head_to_head import (
    home_field,
    leads,
    leads_of,
    outcomes,
    within_budget,
)

PEFT, FIELD, POOLED = "peft", "field", "pooled"


# Papers -------------------------------------------------------------------------------------------


def printed(source: Source) -> Iterator[Fact]:
    for table in source.tables:
        names = [f"{row.method} {row.setting}".strip() for row in table.rows]
        for row, name in zip(table.rows, names, strict=True):
            if names.count(name) > 1 and row.parameters is not None:
                name = f"{name} {say.millions(row.parameters)}"
            chosen = row.chosen is not None or not row.setting
            for column, value, text in _cells(table, row):
                cell = Fact(
                    source.key, table.id, name, column, value, say.typeset(text), table.place
                )
                if result := table.results(row).get(column):
                    spread = table.widened(result.spread.value) if result.spread else None
                    cell = cell._replace(range=table.range, spread=spread)
                yield cell._replace(chosen=chosen)


def _cells(table: Table, row: Row) -> Iterator[tuple[str, float, str]]:
    for metric, result in table.results(row).items():
        yield metric, result.value, result.shown
        if result.spread:
            yield f"{metric} spread", *result.spread
    if row.parameters is not None:
        yield "parameters", row.parameters, say.millions(row.parameters)
    if row.percent is not None:
        yield "percent", row.percent, f"{row.percent:g} %"


# PEFT's benchmark ---------------------------------------------------------------------------------

TABLES: dict[peft.Suite, tuple[str, str, int, str, int]] = {
    "metamathqa": ("maths", "GSM8K", 1, "forgetting", 100),
    "imagegen": ("images", "DINO", 3, "drift", 1),
}
"""Of each suite: its table, its score with decimals, its side effect, and the score's range."""


PLACES: dict[peft.Suite, str] = {"metamathqa": "MetaMathQA", "imagegen": "image generation"}


def runs_of_peft(modules: Mapping[peft.Key, str]) -> Iterator[Fact]:
    """Yield the benchmark's runs.

    Args:
        modules: The first module of every page, by the key of its runs; other runs have the name
            of their class in PEFT.
    """
    for suite, (table, score, digits, side, size) in TABLES.items():
        runs = peft.runs(suite)
        best = {run.key: run for run in sorted(runs, key=lambda run: run.validation)}
        for run in runs:
            tuner = "full" if run.tuner == "FULL_FT" else run.tuner.lower()
            method = modules.get(run.key, tuner)
            about = run.label.partition(" ")[2] if run.label.startswith(method) else run.label
            chosen = run is best[run.key] and (run.key in modules or run.entry is not None)
            cells: list[tuple[str, float | None, str]] = [
                (score, run.score, say.number(run.score, digits)),
                ("error", run.standard_error, say.number(run.standard_error or 0, 1)),
                (side, run.side_effect, say.number(run.side_effect or 0, 3)),
                ("parameters", run.parameters / 1e6, f"{run.parameters / 1e6:.2f} M"),
                ("memory", run.memory, say.number(run.memory, 1)),
                ("seconds", run.seconds, say.number(run.seconds, 0)),
                ("rate", run.learning_rate, say.figures(run.learning_rate)),
            ]
            for column, value, text in cells:
                if value is not None:
                    name = f"{method} {about}".strip()
                    cell = Fact(PEFT, table, name, column, value, text, PLACES[suite])
                    if column == score:
                        spread = 2 * run.standard_error if run.standard_error else None
                        low, high = max(run.score - (spread or 0), 0), run.score + (spread or 0)
                        cell = cell._replace(range=size, spread=spread, low=low, high=high)
                    yield cell._replace(chosen=chosen)


# The home field -----------------------------------------------------------------------------------


def home_leads(root: Path) -> Iterator[Fact]:
    """Yield how often and how far methods are ahead of LoRA at home and elsewhere.

    A lead, as `field/leads: dora, away`, is in spreads of its suite. The third arm has no authors.
    """
    methods = [path.stem for path in sorted((root / "adapters_np" / "methods").glob("[!_]*.py"))]
    papers, models = read_tables(root), read_models(root)
    neither = [source for source in forest.sources(root) if source not in papers]
    units, third = (
        [unit for unit in outcomes(some, methods, models) if unit.baseline == "lora"]
        for some in (papers, neither)
    )
    where = (FIELD, "", "lora")
    for row, some in (("lora", units), ("lora within budget", within_budget(units))):
        field = home_field(some)
        for column, share in (("home", field.home), ("away", field.away)):
            text = say.percent(share, 0)
            yield Fact(FIELD, "", row, column, share, text, "docs/data/tables", "percent")
        yield _counted((FIELD, "", row), "methods", field.methods)
        points, low, high = (100 * v for v in (field.home - field.away, field.low, field.high))
        text = say.number(points, 0)
        difference = Fact(FIELD, "", row, "difference", points, text, "docs/data/tables")
        yield difference._replace(low=low, high=high)
    ratios = [unit.ratio for unit in units if unit.ratio is not None]
    yield _counted(where, "largest budget", max(ratios))
    share = len(ratios) / len(units)
    text = say.percent(share, 0)
    yield Fact(*where, "both sizes printed", share, text, "docs/data/tables", "percent")
    both, arms = leads(units), leads_of(third)
    arms = {method: lead for method, lead in arms.items() if method in both}
    yield _counted(where, "third arm", len(arms))
    yield _counted(where, "third arm ahead", sum(lead.mean > 0 for lead in arms.values()))
    for method, (home, away) in both.items():
        for column, lead in (("home", home), ("away", away), ("third", arms.get(method))):
            if lead:
                text = say.signed(lead.mean, 2)
                fact = Fact(FIELD, "leads", method, column, lead.mean, text, "docs/data/tables")
                yield fact._replace(low=lead.low, high=lead.high)


def _counted(where: tuple[str, str, str], column: str, value: float) -> Fact:
    return Fact(*where, column, value, say.number(value, 0), "docs/data/tables")


def pooled_facts(root: Path) -> Iterator[Fact]:
    """Yield how far methods are ahead: `pooled/lora: dora, mean`, or `dora away, interval`.

    The sources' own effects stand beside them: `pooled/lora: dora liu2024dora, effect`.
    """
    for baseline, comparisons in forest.read(root).items():
        words = Counter(word(effects.all) for effects in comparisons.values() if effects.all)
        where = (POOLED, baseline, "all methods")
        yield _counted(where, "pooled", words.total())
        yield from (_counted(where, name, words[name]) for name in ("ahead", "behind", "level"))
        for slug, effects in comparisons.items():
            for side in forest.SIDES:
                row = slug if side == "all" else f"{slug} {side}"
                for column, value, text, low, high in _pooled(effects, side):
                    fact = Fact(POOLED, baseline, row, column, value, text, "docs/data/tables")
                    yield fact._replace(low=low, high=high)
            for line in effects.lines:
                where = (POOLED, baseline, f"{slug} {line.source.key}")
                text = say.signed(line.effect, 1)
                fact = Fact(*where, "effect", line.effect, text, "docs/data/tables")
                yield fact._replace(low=line.interval.low, high=line.interval.high)
                yield _counted(where, "comparisons", len(line.units))


Told: TypeAlias = tuple[str, float, str, float | None, float | None]


def _pooled(effects: forest.Comparison, side: forest.Side) -> Iterator[Told]:
    lines, over = effects.of(side), effects.over(side)
    yield "sources", len(lines), f"{len(lines)}", None, None
    comparisons = sum(len(line.units) for line in lines)
    yield "comparisons", comparisons, f"{comparisons}", None, None
    if side == "all":
        yield "certainty", effects.certainty.value, effects.certainty.grade, None, None
    if over:
        yield "mean", over.mean, say.signed(over.mean, 1), over.low, over.high
        yield "interval", over.mean, say.interval(over.low, over.high, 1), None, None
        text = say.interval(over.least, over.most, 1)
        yield "prediction", over.mean, text, over.least, over.most
        yield "tau", over.tau, say.number(over.tau, 1), None, None


def studied() -> list[Any]:
    """Return the modules of results; one of a study has its facts under a name of their source."""
    names = [module.name for module in pkgutil.iter_modules(results.__path__)]
    return [import_module(f"{results.__name__}.{name}") for name in names]


@cache
def facts(root: Path = ROOT) -> Facts:
    """Return all facts.

    Raises:
        CatalogError: when a file of tables cannot be read.
    """
    sources = {source.key: source for source in read_tables(root)}
    papers: dict[str, Provider] = {key: partial(printed, sources[key]) for key in sources}
    benchmark = partial(runs_of_peft, pages_of_runs(root))
    own: dict[str, Provider] = {
        PEFT: benchmark,
        trained.EXPERIMENT: trained.facts,
        trained.ANSWERS: trained.answers,
        trained.RATES: trained.rates_facts,
        **{module.SOURCE: module.facts for module in studied() if hasattr(module, "SOURCE")},
        english.SOURCE: lambda: chain(english.facts(), changes.english_facts()),
        FIELD: partial(home_leads, root),
        POOLED: partial(pooled_facts, root),
        baselines.FACTS: partial(baselines.facts, root),
    }
    return Facts(papers | own)
