"""Results of many runs of the experiment: LoRA's curve, cuts, reach, rankings; and all facts.

experiment/prose: pissa 4, improvement       a mean over seeds; on code: experiment: …
experiment/rate 0.01: lora 64, improvement   a single run of a sweep
experiment/cut, code: 4, improvement         of full fine-tuning's change, cut
experiment/rankings: texts, tau              how alike two rankings are
answers/basis, prose: pissa 4, loss          a question's answer, with its interval
answers/basis: pissa 4 beside pissa 4, minor, points   in points of full tuning's improvement
rates/prose: dora 4, best                    of a sweep; so `times full`
rates/printed: pissa, times searched         over LoRA's, by others; so `times set` by hand
rates/printed: pissa, lost at LoRA’s rate    points, a median over their searches
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache
from itertools import chain
from math import log, log10
from statistics import fmean, median
from typing import Any, Literal, NamedTuple

import numpy as np

from scripts.bootstrap import ROOT
from scripts.survey.facts import peft, say
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.pages import pages_of_runs
from scripts.survey.facts.reader import records
from scripts.survey.facts.result import FULL
from scripts.survey.results import effects, experiment
from scripts.survey.results.experiment import (
    RANKS,
    SEEDS,
    TABLE,
    Cell,
    Measure,
    Run,
    as_in_peft,
    at_rate,
    finals,
    fitted,
    forgetting_at,
    good_rates,
    halfway,
    improvement,
    methods,
    sweep,
)
from scripts.survey.results.questions import Question, questions
from scripts.survey.statistics.intervals import Agreement, Interval, interval, kendall, spearman

ALIKE = 3 / 2
"""The ratio of parameters up to which two settings count as about as large."""

LEAST = 20
"""Over how many methods a ranking at one rate has to be to say anything."""


def size(name: str, cell: Cell = Cell()) -> int:  # noqa: B008
    return next(iter(finals(name, cell).values())).parameters


def tuned(name: str, cell: Cell = Cell()) -> float:  # noqa: B008
    return fmean(map(improvement, finals(name, cell).values()))


def as_lora(name: str) -> float:
    """Return the improvement that LoRA's curve has at a method's number of parameters.

    Between ranks it is a line over the logarithm of the number.
    """
    ranks = [f"lora {r}" for r in RANKS]
    return float(np.interp(log(size(name)), [log(size(r)) for r in ranks], list(map(tuned, ranks))))


def cut(task: str) -> dict[int, Interval]:
    """Return what share of full fine-tuning's improvement so many directions of its change hold."""
    rows = [r for r in records(TABLE.with_name("experiment_cut.csv")) if r["task"] == task]
    whole = {r["seed"]: float(r["test"]) for r in rows if r["directions"] == "64"}
    shares: dict[int, list[float]] = {n: [] for n in RANKS}
    for r in rows:
        start = float(r["start_test"])
        share = (start - float(r["test"])) / (start - whole[r["seed"]])
        shares[int(r["directions"])].append(share)
    return {n: interval(some) for n, some in shares.items()}


def of_that_size(name: str) -> bool:
    """Return whether a method has about as many parameters as LoRA of rank 4."""
    return 1 / ALIKE < size(name) / size("lora 4") < ALIKE


def reach_predicts(what: Literal["share", "parameters"], *, alike: bool = False) -> Agreement:
    """Return how what methods describe, or their size, goes with what they improve on code.

    `alike`: only of those that have about LoRA 4's size.
    """
    some = [f for f in fitted() if len(finals(f.method)) == SEEDS]
    return spearman(
        [
            (f.share if what == "share" else size(f.method), tuned(f.method))
            for f in some
            if not alike or of_that_size(f.method)
        ]
    )


# Rankings -----------------------------------------------------------------------------------------


class Ranked(NamedTuple):
    """Kendall's τ between two rankings, and over how many methods."""

    tau: float
    methods: int


def _compared(one: dict[str, float], other: dict[str, float]) -> Ranked:
    return Ranked(kendall(one, other), len(one.keys() & other.keys()))


def ranking(cell: Cell) -> dict[str, float]:
    return {name: tuned(name, cell) for name in methods(cell) if name != FULL}


def at_one_rate(names: Collection[str], fewest: int) -> dict[float, Ranked]:
    """Return the agreement of the ranking at tuned rates with that at each common rate.

    What diverged is worst. A ranking has at least `fewest` settings.
    """
    at: dict[float, dict[str, float]] = {}
    for name in names:
        for run in sweep(name):
            at.setdefault(run.rate, {})[name] = improvement(run) if run.status == "done" else -9.0
    own = {name: tuned(name) for name in names}
    return {rate: _compared(own, at[rate]) for rate in sorted(at) if len(at[rate]) >= fewest}


def in_peft(name: str) -> Run:
    lora = next(iter(finals("lora 4").values())).rate
    return at_rate(name, lora * 10 ** (as_in_peft()[name] / 2))


def as_peft_ranks() -> Ranked:
    own = {name: share for name, share in ranking(Cell()).items() if name in as_in_peft()}
    return _compared(own, {name: improvement(in_peft(name)) for name in own})


@cache
def equal_size() -> list[str]:
    return [name for name in methods(Cell()) if name != FULL and of_that_size(name)]


def off_best(step: int) -> float:
    """Return the points that a rate so many half decades off the best costs at LoRA 4's size.

    It is a median; what diverged has lost all.
    """
    costs = []
    for name in equal_size():
        shares = {r.rate: improvement(r) if r.status == "done" else 0.0 for r in sweep(name)}
        best = max(shares, key=lambda rate: shares[rate])
        costs += [
            100 * (shares[best] - share)
            for rate, share in shares.items()
            if round(2 * log10(rate / best)) == step
        ]
    return median(costs)


# Facts --------------------------------------------------------------------------------------------

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
    for row, step in (("above", 1), ("below", -1)):
        yield fact("equal size", f"half a decade {row}", "points", off_best(step), "1")
    names, lora = equal_size(), tuned("lora 4")
    apart = median(100 * abs(tuned(name) - lora) for name in names if name != "lora 4")
    yield fact("equal size", "apart from LoRA", "points", apart, "1")
    yield fact("equal size", "settings", "number", len(names), "0")
    for rate, (tau, _) in at_one_rate(names, 9).items():
        yield fact("equal size", f"rate {rate:.2g}", "tau", tau, "2")
    for method in as_in_peft():
        run = in_peft(method)
        share = max(improvement(run), 0) if run.status == "done" else 0
        yield fact("rates as in PEFT", method, "improvement", share, "0 %")
        yield fact("rates as in PEFT", method, "rate", run.rate, "rate")
    yield from chain(_around_runs(), _agreements())


MEASURES: dict[str, tuple[Measure, str]] = {
    "loss": (experiment.loss, "3"),
    "improvement": (improvement, "0 %"),
    "forgetting": (experiment.forgetting, "2"),
}


def _means(method: str, cell: Cell) -> Iterator[Fact]:
    table, runs = name(cell), list(finals(method, cell).values())
    for column, (measure, form) in MEASURES.items():
        if getattr(runs[0], column, 0) is not None:
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
    yield fact(table, method, "improvement of LoRA’s curve", as_lora(method), "1 %")
    good = good_rates(method)
    yield fact(table, method, "good rates", good.rates, "0")._replace(text=str(good))


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
        for directions, share in cut(task).items():
            yield fact(f"cut, {task}", f"{directions}", "improvement", share, "0 %")
    for fit in fitted():
        yield fact("reach", fit.method, "share", fit.share, "0 %")
        yield fact("reach", fit.method, "kept", fit.kept, "0 %")
        yield fact("reach", fit.method, "parameters", fit.parameters, "count")
    yield fact("reach", "full", "worth", fitted()[0].worth, "3")
    for path in sorted((ROOT / "docs/data/bases").glob("*-0.json")):
        about = json.loads(path.read_text("utf-8"))
        yield fact("bases", path.stem[:-2], "bits a byte", about["bits_a_byte_held_out"], "2")
        yield fact("bases", path.stem[:-2], "parameters", about["parameters"], "count")
    yield fact("grid", "all", "runs", sum(map(len, experiment.runs().values())), "count")
    yield fact("grid", "code", "settings", len(methods(Cell())), "0")
    cells = dict.fromkeys(cell for _, cell in experiment.runs())
    done = "; ".join(f"{name(cell) or 'code'} {len(methods(cell))}" for cell in cells)
    yield fact("grid", "all", "methods", done)


def _agreements() -> Iterator[Fact]:
    what: Literal["share", "parameters"]
    for row, alike in (("all", False), ("of that size", True)):
        for what in ("share", "parameters"):
            agreement = reach_predicts(what, alike=alike)
            text = f"ρ = {say.number(agreement.rho, 2)} over {agreement.n} settings"
            yield fact("reach and result", row, what, text)
    on_code = ranking(Cell())
    rankings = {"texts": _compared(on_code, ranking(Cell("prose"))), "peft": as_peft_ranks()}
    rankings |= {f"{rate:.2g}": ranked for rate, ranked in at_one_rate(on_code, LEAST).items()}
    for row, (tau, among) in rankings.items():
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
            difference, text = asked.answer(arm, measure, cell, other)
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
    yield from _printed_rates()


def _printed_rates() -> Iterator[Fact]:
    """Yield the rates that others searched, or set in PEFT's benchmark, as multiples of LoRA's."""
    made, by = Maker(RATES, "docs/data/printed_rates.csv"), defaultdict[str, dict[Any, float]](dict)
    searches = defaultdict[Any, dict[str, dict[float, float]]](lambda: defaultdict(dict))
    for r in records(TABLE.with_name("printed_rates.csv")):
        of = searches[r["model"], r["place"], r["batch"]][r["method"].lower()]
        of[float(r["rate"])] = float(r["score"])
    lost = defaultdict[str, list[float]](list)
    for cell, scores in searches.items():
        rates = {method: max(of, key=lambda rate: of[rate]) for method, of in scores.items()}
        for method, of in scores.items():
            lost[method].append(max(of.values()) - of[rates["lora"]])
            if cell[0] == "Llama-2-7B":
                by[method][cell] = rates[method]
    yield made("printed", "all", "searches", len(searches), "0")
    for method, points in lost.items():
        yield made("printed", method, "lost at LoRA’s rate", median(points), "1")
    for method, rates in by.items():
        few = [rate for cell, rate in rates.items() if cell[2] == "16"]
        ends = f"{say.figures(min(few))} to {say.figures(max(few))}"
        yield made("printed", method, "searched", ends)
        times = median(rate / by["lora"][cell] for cell, rate in rates.items())
        text = say.figures(round(times, 2))
        yield made("printed", method, "times searched", times, "2")._replace(text=text)
    modules = {"FULL_FT": FULL, **pages_of_runs(ROOT)}
    best = peft.best("metamathqa").items()
    set_by_hand = {modules[key]: run.learning_rate for key, run in best if key in modules}
    for method, rate in set_by_hand.items():
        times = rate / set_by_hand["lora"]
        text = say.figures(round(times, 2))
        yield made("printed", method, "times set", times, "2")._replace(text=text)
