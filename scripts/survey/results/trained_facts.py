"""The facts of the experiment.

experiment/prose: pissa 4, improvement       a mean over seeds; on code: experiment: …
experiment/rate 0.01: lora 64, improvement   a single run of a sweep
experiment/cut, code: 4, improvement         of full fine-tuning's change, cut
experiment/rankings: texts, tau              how alike two rankings are
answers/basis, prose: pissa 4, loss          a question's answer, with its interval
answers/basis: pissa 4 beside pissa 4, minor, points   in points of full tuning's improvement
rates/prose: dora 4, best                    of a sweep; so `times full`
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from scripts.bootstrap import ROOT
from scripts.survey.facts import say
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.result import FULL
from scripts.survey.results import effects, experiment, trained
from scripts.survey.results.experiment import (
    SEEDS,
    Cell,
    Measure,
    Run,
    finals,
    forgetting_at,
    good_rates,
    halfway,
    methods,
    sweep,
)
from scripts.survey.results.questions import Question, questions
from scripts.survey.statistics.intervals import interval

EXPERIMENT, ANSWERS, RATES = "experiment", "answers", "rates"
PLACE = "docs/data/experiment.csv"
fact = Maker(EXPERIMENT, PLACE)


def name(cell: Cell) -> str:
    """Return a cell as `experiment.cell` reads it, nothing where all is usual.

    >>> name(Cell()), name(Cell("prose", base=1))
    ('', 'prose, base 1')
    """
    plain = Cell()._asdict()
    words = [
        value if field == "task" else f"{field} {value}"
        for field, value in cell._asdict().items()
        if value != plain[field]
    ]
    return ", ".join(words)


def facts() -> Iterator[Fact]:
    for (method, cell), runs in experiment.runs().items():
        if len(finals(method, cell)) == SEEDS:
            yield from _means(method, cell)
        for run in runs:
            if run.phase != "final":
                yield from _single(run, cell)
    sizes = trained.at_equal_size()
    for row, points in (("above", sizes.above), ("below", sizes.below)):
        yield fact("equal size", f"half a decade {row}", "points", points, "1")
    yield fact("equal size", "apart from LoRA", "points", sizes.apart, "1")
    yield fact("equal size", "settings", "number", len(sizes.names), "0")
    for rate, (tau, _) in sizes.taus.items():
        yield fact("equal size", f"rate {rate:.2g}", "tau", tau, "2")
    for method in experiment.as_in_peft():
        run = trained.in_peft(method)
        improvement = max(experiment.improvement(run), 0) if run.status == "done" else 0
        yield fact("rates as in PEFT", method, "improvement", improvement, "0 %")
        yield fact("rates as in PEFT", method, "rate", run.rate, "rate")
    yield from chain(_around_runs(), _compared())


MEASURES: dict[str, tuple[Measure, str]] = {
    "loss": (experiment.loss, "3"),
    "early": (experiment.early, "3"),
    "transfer": (experiment.transfer, "3"),
    "improvement": (experiment.improvement, "0 %"),
    "forgetting": (experiment.forgetting, "2"),
}


def _means(method: str, cell: Cell) -> Iterator[Fact]:
    table, runs = name(cell), list(finals(method, cell).values())
    missing = {"transfer": runs[0].sibling, "improvement": runs[0].improvement}
    missing["forgetting"] = runs[0].forgetting
    for column, (measure, form) in MEASURES.items():
        if missing.get(column, 0) is not None:
            yield fact(table, method, column, interval(map(measure, runs)), form)
    if cell.task == "memory":
        known = interval(map(experiment.remembered, runs))
        yield fact(table, method, "memorised", known, "0 %")
    yield fact(table, method, "parameters", runs[0].parameters, "count")
    yield fact(table, method, "rate", runs[0].rate, "4")
    if cell != Cell():
        return
    half = [forgetting_at(run, halfway(cell)) for run in runs]
    if all(value is not None for value in half):
        yield fact(table, method, "forgetting at half", interval(filter(None, half)), "2")
    curve = trained.as_lora(method, cell)
    yield fact(table, method, "improvement of LoRA’s curve", curve, "1 %")
    good = good_rates(method)
    yield fact(table, method, "good rates", good.rates, "0")._replace(text=str(good))
    yield fact(table, method, "slug", runs[0].slug)


def _single(run: Run, cell: Cell) -> Iterator[Fact]:
    table = f"{name(cell)}, rate {run.rate:.3g}".removeprefix(", ")
    if run.improvement is not None and run.status == "done":
        yield fact(table, run.method, "improvement", run.improvement, "0 %")
        if run.forgetting is not None:
            yield fact(table, run.method, "forgetting", run.forgetting, "2")
    if cell == Cell() and (rise := forgetting_at(run, halfway(cell))) is not None:
        yield fact(table, run.method, "forgetting at half", rise, "2")


def _around_runs() -> Iterator[Fact]:
    """Yield what stands around the runs: cuts of full fine-tuning, reach, base models, counts."""
    for task in ("code", "prose"):
        for directions, share in trained.cut(task).items():
            yield fact(f"cut, {task}", f"{directions}", "improvement", share, "0 %")
    for fitted in experiment.fitted():
        yield fact("reach", fitted.method, "share", fitted.share, "0 %")
        yield fact("reach", fitted.method, "kept", fitted.kept, "0 %")
        yield fact("reach", fitted.method, "parameters", fitted.parameters, "count")
    yield fact("reach", "full", "worth", experiment.fitted()[0].worth, "3")
    for path in sorted((ROOT / "docs/data/bases").glob("*-0.json")):
        about = json.loads(path.read_text("utf-8"))
        yield fact("bases", path.stem[:-2], "bits a byte", about["bits_a_byte_held_out"], "2")
        yield fact("bases", path.stem[:-2], "parameters", about["parameters"], "count")
    yield fact("grid", "all", "runs", sum(map(len, experiment.runs().values())), "count")
    yield fact("grid", "code", "settings", len(methods(Cell())), "0")
    cells = dict.fromkeys(cell for _, cell in experiment.runs())
    done = "; ".join(f"{name(cell) or 'code'} {len(methods(cell))}" for cell in cells)
    yield fact("grid", "all", "methods", done)


def _compared() -> Iterator[Fact]:
    """Yield how reach goes with the improvement, and how alike rankings are."""
    for row, alike in (("all", False), ("of that size", True)):
        for what in ("share", "kept", "parameters"):
            agreement = trained.reach_predicts(what, alike=alike)
            text = f"ρ = {say.number(agreement.rho, 2)} over {agreement.n} settings"
            yield fact("reach and result", row, what, text)
    rankings = {"texts": trained.between_texts(), "peft": trained.as_peft_ranks()}
    at_one = {f"{rate:.2g}": ranked for rate, ranked in trained.at_one_rate(Cell()).items()}
    for row, (tau, among) in (rankings | at_one).items():
        text = f"τ = {say.number(tau, 2)} over {among} settings"
        yield fact("rankings", row, "tau", tau, "2")._replace(text=text)


def answers() -> Iterator[Fact]:
    for asked in questions().values():
        for cell in (*asked.cells, *asked.later):
            ran = asked.ran(cell)
            for arm in ran:
                others = [other for other in ran if other != arm] if asked.pairs else []
                for other in ("", *others):
                    yield from _answer(asked, arm, cell, other)


def _answer(asked: Question, arm: str, cell: Cell, other: str) -> Iterator[Fact]:
    made = Maker(ANSWERS, PLACE)
    where = (", ".join(filter(None, (asked.key, name(cell)))), f"{arm} beside {other}")
    if not other:
        where = (where[0], arm)
    run = finals(arm, cell)[1]
    for measure in asked.measures:
        if run.sibling is not None or measure != "transfer":
            difference, text = asked.said(arm, measure, cell, other)
            yield made(*where, measure, difference)._replace(text=text)
    half = asked.at_equal_improvement(arm, cell)
    if cell == Cell() and not other and half:
        yield made(*where, "forgetting at half", half, "2 to")
    yield made(*where, "points", effects.effect(asked, arm, cell, other))
    if run.forgetting is not None:
        forgotten = effects.forgets(arm, cell, other or asked.baseline)
        yield made(*where, "forgetting", forgotten)._replace(text=effects.in_nats(forgotten))


def rates_facts() -> Iterator[Fact]:
    """Yield the best rate of every sweep, and how many times full fine-tuning's it is."""
    made, best = Maker(RATES, PLACE), dict[tuple[str, Cell], float]()
    for method, cell in experiment.runs():
        done = [run for run in sweep(method, cell) if run.status == "done" and run.improvement]
        if done:
            best[method, cell] = min(done, key=lambda run: (run.validation, run.rate)).rate
    for (method, cell), rate in best.items():
        where = (name(cell) or "code", method)
        yield made(*where, "best", rate, "rate")
        if method != FULL:
            times = rate / best[FULL, cell]
            text = say.figures(round(times, 2))
            yield made(*where, "times full", times, "1")._replace(text=text)
