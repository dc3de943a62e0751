"""The facts of all sources: printed cells, PEFT's runs, the experiment's runs, measured changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache, partial
from itertools import chain
from pathlib import Path
from statistics import fmean

from scripts.bootstrap import ROOT
from scripts.survey import (
    atlas,
    bets_facts,
    changes,
    effects,
    english,
    experiment,
    forest,
    lab,
    later,
    merging,
    otherwise,
    peft,
    predictions,
    rates,
    say,
    trained,
)
from scripts.survey.experiment import SEEDS, Cell, Run, finals, forgetting_at, good_rates, halfway
from scripts.survey.facts import Fact, Facts, Form, Provider
from scripts.survey.head_to_head import home_field, outcomes
from scripts.survey.pages import pages_of_runs
from scripts.survey.pair import read_models
from scripts.survey.papers import read_tables
from scripts.survey.questions import Question, questions
from scripts.survey.result import Row, Source, Table

PEFT, EXPERIMENT, ANSWERS = "peft", "experiment", "answers"
LAB, FIELD, RATES, POOLED = "lab", "field", "rates", "pooled"


# Papers -------------------------------------------------------------------------------------------


def printed(source: Source) -> Iterator[Fact]:
    """Yield the cells of a publication, and what its rows train."""
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
                        cell = cell._replace(range=size, spread=spread)
                    yield cell._replace(chosen=chosen)


# The experiment -----------------------------------------------------------------------------------


def _trained(
    table: str, row: str, column: str, value: float, digits: int, form: Form = "number"
) -> Fact:
    text = say.percent(value, digits) if form == "percent" else say.number(value, digits)
    return Fact(EXPERIMENT, table, row, column, value, text, "docs/data/experiment.csv", form)


def trained_facts() -> Iterator[Fact]:
    """Yield what runs of the experiment show: means over seeds, single runs, cuts, reach."""
    for (method, there), runs in experiment.runs().items():
        table = name(there)
        if len(finals(method, there)) == SEEDS:
            yield from (_trained(table, method, *cell) for cell in _means(method, there))
            if there == Cell():
                good = good_rates(method)
                wide = _trained(table, method, "good rates", good.rates, 0)
                yield wide._replace(text=str(good))
        for run in runs:
            if run.phase != "final":
                at = f"{table}, rate {run.rate:.3g}".removeprefix(", ")
                yield from (_trained(at, method, *cell) for cell in _single(run, there))
    for cell in trained.at_equal_size().facts():
        yield _trained("equal size", *cell)
    for method in experiment.as_in_peft():
        run = trained.in_peft(method)
        improvement = max(experiment.improvement(run), 0) if run.status == "done" else 0
        yield _trained("rates as in PEFT", method, "improvement", improvement, 0, "percent")
        rate = f"{run.rate:.2g}"
        yield _trained("rates as in PEFT", method, "rate", run.rate, 0)._replace(text=rate)
    yield from _around_runs()


def _around_runs() -> Iterator[Fact]:
    """Yield what stands around the runs: cuts of full fine-tuning, reach, base models, counts."""
    for task in ("code", "prose"):
        for directions, found in trained.cut(task).items():
            yield _trained(f"cut, {task}", f"{directions}", "improvement", found.mean, 0, "percent")
    for fitted in experiment.fitted():
        yield _trained("reach", fitted.method, "share", fitted.share, 0, "percent")
        yield _trained("reach", fitted.method, "kept", fitted.kept, 0, "percent")
    yield _trained("reach", "full", "worth", experiment.fitted()[0].worth, 3)
    for path in sorted((ROOT / "docs/data/bases").glob("*-0.json")):
        about = json.loads(path.read_text("utf-8"))
        yield _trained("bases", path.stem[:-2], "bits a byte", about["bits_a_byte_held_out"], 2)
        size = _trained("bases", path.stem[:-2], "parameters", about["parameters"], 0)
        yield size._replace(text=say.count(about["parameters"]))
    whole = sum(map(len, experiment.runs().values()))
    yield _trained("grid", "all", "runs", whole, 0)._replace(text=say.count(whole))
    yield _trained("grid", "code", "settings", len(experiment.methods(Cell())), 0)


def name(there: Cell) -> str:
    """Return a cell as `experiment.cell` reads it, nothing where all is usual.

    >>> name(Cell()), name(Cell("prose", base=1))
    ('', 'prose, base 1')
    """
    plain = Cell()._asdict()
    words = [
        value if field == "task" else f"{field} {value}"
        for field, value in there._asdict().items()
        if value != plain[field]
    ]
    return ", ".join(words)


Shown = tuple[str, float, int, Form]


def _means(method: str, there: Cell) -> Iterator[Shown]:
    runs = list(finals(method, there).values())
    means = {"loss": experiment.loss, "early": experiment.early}
    for column, measure in means.items():
        yield column, fmean(map(measure, runs)), 3, "number"
    if there.task == "memory":
        yield "memorised", fmean(map(experiment.remembered, runs)), 0, "percent"
    if all(run.sibling is not None for run in runs):
        yield "transfer", fmean(map(experiment.transfer, runs)), 3, "number"
    if all(run.improvement is not None for run in runs):
        yield "improvement", fmean(map(experiment.improvement, runs)), 0, "percent"
    if all(run.forgetting is not None for run in runs):
        yield "forgetting", fmean(map(experiment.forgetting, runs)), 2, "number"
    yield "parameters", runs[0].parameters, 0, "number"
    yield "rate", runs[0].rate, 4, "number"
    if there == Cell():
        yield "improvement of LoRA’s curve", trained.as_lora(method, there), 1, "percent"


def _single(run: Run, there: Cell) -> Iterator[Shown]:
    if run.improvement is not None and run.status == "done":
        yield "improvement", run.improvement, 0, "percent"
        if run.forgetting is not None:
            yield "forgetting", run.forgetting, 2, "number"
    if there == Cell() and (found := forgetting_at(run, halfway(there))) is not None:
        yield "forgetting at half", found, 2, "number"


def answered() -> Iterator[Fact]:
    """Yield the answers to all questions, of each arm against the baseline and each other arm."""
    for key, asked in questions().items():
        for there in (*asked.cells, *asked.later):
            ran = asked.ran(there)
            table = ", ".join(filter(None, (key, name(there))))
            for arm in ran:
                others = [other for other in ran if other != arm] if asked.arms != "all" else []
                known = finals(arm, there)[1].sibling is not None
                for other in ("", *others):
                    row = f"{arm} beside {other}" if other else arm
                    texts = [
                        (m, *asked.said(arm, m, there, other))
                        for m in asked.measures
                        if known or m != "transfer"
                    ]
                    for column, value, text in (*texts, *_effects(asked, arm, there, other)):
                        where = (ANSWERS, table, row, column)
                        yield Fact(*where, value, text, "docs/data/experiment.csv")


def _effects(
    asked: Question, arm: str, there: Cell, other: str
) -> Iterator[tuple[str, float, str]]:
    found = effects.effect(asked, arm, there, other)
    yield "points", found.mean, str(found)
    if finals(arm, there)[1].forgetting is not None:
        forgotten = effects.forgets(arm, there, other or asked.baseline)
        yield "forgetting", forgotten.mean, effects.in_nats(forgotten)


def rates_facts() -> Iterator[Fact]:
    """Yield what the sweeps say: `rates/prose: dora 4, best`, or `… , times lora 4`."""
    for found in rates.table():
        table = name(found.cell) or "code"

        def fact(column: str, value: float, text: str) -> Fact:
            place = "docs/data/experiment.csv"
            return Fact(RATES, table, found.method, column, value, text, place)  # noqa: B023

        yield fact("best", found.best, f"{found.best:.2g}")
        yield fact("tried", found.tried, f"{found.tried}")
        yield fact("good", found.high / found.low, found.good)
        for other, times in rates.beside(found):
            yield fact(f"times {other}", times, say.figures(round(times, 2)))


# The lab, and the home field ----------------------------------------------------------------------


def explained() -> Iterator[Fact]:
    """Yield what methods explain of the lab's worlds, a table for each budget."""
    cells = [(f.budget, f.method, f.world, f.share) for f in lab.shares()]
    cells += [(budget, "chance", "any", share) for budget, share in lab.chance()]
    for budget, method, world, share in cells:
        where, place = (LAB, f"{budget}", method, world), "docs/data/explained.jsonl"
        yield Fact(*where, share, say.percent(share, 0), place, "percent")


def home_leads(root: Path) -> Iterator[Fact]:
    """Yield in which share of units methods beat LoRA, in their own papers and in others'."""
    methods = [path.stem for path in sorted((root / "adapters_np" / "methods").glob("[!_]*.py"))]
    found = outcomes(read_tables(root), methods, read_models(root))
    field = home_field(unit for unit in found if unit.baseline == "lora")
    for column, share in (("home", field.home), ("away", field.away)):
        where = (FIELD, "", "lora", column)
        yield Fact(*where, share, say.percent(share, 0), "docs/data/tables", "percent")
    yield Fact(FIELD, "", "lora", "methods", field.methods, f"{field.methods}", "docs/data/tables")


def pooled_facts(root: Path) -> Iterator[Fact]:
    """Yield how far methods are ahead: `pooled/lora: dora, mean`, or `dora away, interval`.

    The sources' own effects stand beside them: `pooled/lora: dora liu2024dora, effect`.
    """
    for baseline, comparisons in forest.read(root).items():
        for slug, found in comparisons.items():
            for side in forest.SIDES:
                row = slug if side == "all" else f"{slug} {side}"
                for column, value, text in _pooled(found, side):
                    yield Fact(POOLED, baseline, row, column, value, text, "docs/data/tables")
            for line in found.lines:
                row, effect = f"{slug} {line.source.key}", line.effect
                where = (POOLED, baseline, row, "effect")
                yield Fact(*where, effect, say.signed(effect, 1), "docs/data/tables")


def _pooled(found: forest.Comparison, side: forest.Side) -> Iterator[tuple[str, float, str]]:
    count, over = len(found.of(side)), found.over(side)
    yield "sources", count, f"{count}"
    if side == "all":
        yield "certainty", found.certainty.value, found.certainty.grade
    if over:
        yield "mean", over.mean, say.signed(over.mean, 1)
        yield "interval", over.mean, say.interval(over.low, over.high, 1)
        yield "prediction", over.mean, say.interval(over.least, over.most, 1)
        yield "tau", over.tau, say.number(over.tau, 1)


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
        EXPERIMENT: trained_facts,
        ANSWERS: answered,
        RATES: rates_facts,
        english.SOURCE: lambda: chain(english.facts(), changes.english_facts()),
        atlas.SOURCE: atlas.facts,
        predictions.SOURCE: predictions.facts,
        otherwise.SOURCE: otherwise.facts,
        merging.SOURCE: merging.facts,
        later.SOURCE: later.facts,
        bets_facts.SOURCE: bets_facts.facts,
        changes.SOURCE: changes.facts,
        LAB: explained,
        FIELD: partial(home_leads, root),
        POOLED: partial(pooled_facts, root),
    }
    return Facts(papers | own)


def as_json(found: Facts) -> str:
    """Return all facts as JSON: address, value, text and place in the source."""
    listed = [
        {"address": f.address, "value": f.value, "text": f.text, "place": f.place}
        for f in found.all()
    ]
    return json.dumps(listed, ensure_ascii=False, indent=0) + "\n"
