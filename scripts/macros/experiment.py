"""The answers of the experiment: charts, tables, and differences in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite
from statistics import fmean
from typing import Any, NamedTuple

from scripts.macros.figures import Chart, Line, Point, around
from scripts.macros.page import Part, link, macro, shown
from scripts.survey import experiment, trained
from scripts.survey.experiment import (
    RANKS,
    SEEDS,
    TEACHERS,
    Cell,
    Range,
    Run,
    cell,
    finals,
    forgetting,
    forgetting_at,
    good_rates,
    halfway,
    improvement,
    loss,
    methods,
    remembered,
    sweep,
)
from scripts.survey.questions import Name, Question, question
from scripts.survey.result import FULL
from scripts.survey.say import count, number, percent
from scripts.survey.statistics import Interval, interval

TASKS = {
    "code": "code", "prose": "prose", "memory": "memory", "teacher lora": "LoRA’s teacher",
    "teacher oft": "OFT’s teacher", "teacher ia3": "IA3’s teacher",
    "teacher shira": "SHiRA’s teacher",
}  # fmt: skip
PER_CENT = "share of full fine-tuning’s improvement, %"


class Row(NamedTuple):
    """A method in the table of tasks."""

    method: str
    runs: int
    name: str
    link: str
    parameters: int
    improvements: dict[str, Interval]
    forgetting: float | None
    halfway: float | None


class Across(NamedTuple):
    """A method in several cells: what a table has for it in each."""

    name: str
    link: str
    parameters: int
    found: tuple[Interval | None, ...]


class Beside(NamedTuple):
    """A method against another one: differences that are paired by seed, and its good rates."""

    name: str
    link: str
    parameters: int
    differences: tuple[Interval | None, ...]
    good_rates: Range


def place(there: Cell) -> str:
    """Return a cell in words, without what the protocol says of most of them.

    >>> place(Cell("code")), place(Cell("code", base=2, steps=1600))
    ('code', 'code, base model 2, 1600 steps')
    """
    says = {"base": "base model {}", "width": "width {}", "batch": "batch {}", "steps": "{} steps"}
    plain = Cell()._asdict()
    more = [says[k].format(v) for k, v in there._asdict().items() if k in says and v != plain[k]]
    return ", ".join((TASKS[there.task], *more))


def usual(there: Cell) -> tuple[int, ...]:
    """Return where a cell comes among others: what most were run in comes first.

    >>> [place(c) for c in sorted([Cell(batch=1), Cell(base=1), Cell("prose"), Cell()], key=usual)]
    ['code', 'prose', 'code, base model 1', 'code, batch 1']
    """
    task = list(TASKS).index(there.task)
    plain = there.batch == Cell().batch
    return (there.width, there.steps, not plain, there.batch, there.base, task)


def size(name: str, there: Cell = Cell()) -> int:  # noqa: B008
    """Return how many parameters a method trains."""
    return next(iter(finals(name, there).values())).parameters


def improvements(runs: Iterable[Run]) -> Interval:
    """Return the improvement in per cent."""
    return interval(100 * improvement(run) for run in runs)


def line(name: str, points: Iterable[Point], *, joined: bool = True) -> Line:
    """Return a line or dot that is called and linked as its method."""
    return Line(shown(name), tuple(points), "line" if joined else "dots", link(name))


def drawn(says: str, x: str, lines: Sequence[Line], *, log: bool, y: str = PER_CENT) -> Chart:
    """Return a chart whose axes show all that is on it."""
    points = [p for line in lines for p in line.points]
    ends = [v for p in points for v in (p.y, p.low, p.high) if isfinite(v)]
    across = around(x, [p.x for p in points], log=log)
    return Chart(says, across, around(y, ends), lines)


# Charts -------------------------------------------------------------------------------------------


def rates(*names: str, on: str = "") -> Chart:
    """Plot the methods' improvement at each rate of their sweeps."""

    def point(name: str, run: Run) -> Point:
        share = improvement(run)
        y = max(100 * share, 0) if isfinite(share) else 0.0
        says = f"{shown(name)}, {run.rate:.2g}: {number(y, 0)} %"
        return Point(run.rate, y, y, y, says if run.status == "done" else f"{says}, diverged")

    lines = [line(name, (point(name, run) for run in sweep(name, cell(on)))) for name in names]
    title = "Improvement at each rate, with one seed; at zero nothing is learned or all is lost"
    return drawn(title, "learning rate", lines, log=True)


def budget(on: str = "") -> Chart:
    """Improvement against the number of trained parameters, with LoRA's line."""
    there = cell(on)

    def point(name: str) -> Point:
        found, trains = improvements(finals(name, there).values()), size(name, there)
        says = f"{shown(name)}: {number(found.mean, 1)} % with {count(trains)} parameters"
        return Point(trains, *found, says)

    ranks = [f"lora {r}" for r in RANKS if finals(f"lora {r}", there)]
    called = f"LoRA, rank {RANKS[0]} to {RANKS[-1]}"
    lines = [Line(called, tuple(map(point, ranks)), link=link("lora"))]
    lines += [
        line(name, (point(name),), joined=False)
        for name in methods(there)
        if name not in (*ranks, FULL)
    ]
    return drawn("Improvement and trained parameters", "trained parameters", lines, log=True)


def price(on: str = "") -> Chart:
    """Improvement against forgetting."""
    lines = []
    for name in methods(cell(on)):
        runs = list(finals(name, cell(on)).values())
        x, y = fmean(map(forgetting, runs)), improvements(runs)
        says = f"{shown(name)}: {number(y.mean, 1)} %, forgets {number(x, 2)} nats"
        lines.append(line(name, (Point(x, *y, says),), joined=False))
    return drawn("Improvement and forgetting", "forgotten at the end, nats", lines, log=False)


def steps(*names: str, on: str = "") -> Chart:
    """The validation loss at ten points of the way."""
    there, lines = cell(on), []
    for name in names:
        curves = [run.curve_validation for run in finals(name, there).values()]
        points = []
        for i, values in enumerate(zip(*curves, strict=True), 1):
            at, y = there.steps * i // len(curves[0]), interval(values)
            says = f"{shown(name)}, step {at}: {number(y.mean, 3)} nats"
            points.append(Point(at, *y, says))
        lines.append(line(name, points))
    return drawn("Loss on the way", "step", lines, log=False, y="validation loss, nats")


def cut(task: str = "code") -> Chart:
    """Plot the improvement that full fine-tuning's ΔW keeps when cut, and LoRA's at that rank."""
    kept = [
        Point(n, 100 * mean, 100 * low, 100 * high, f"ΔW cut to {n}: {percent(mean)}")
        for n, (mean, low, high) in trained.cut(task).items()
    ]
    ranks = [
        Point(r, *improvements(runs.values()), f"LoRA of rank {r}")
        for r in RANKS
        if (runs := finals(f"lora {r}", Cell(task)))
    ]
    lines = [
        Line("LoRA, trained", tuple(ranks), link=link("lora")),
        Line("full fine-tuning’s ΔW, cut", tuple(kept)),
    ]
    return drawn("Trained and cut to so many directions", "directions", lines, log=True)


def reach() -> Chart:
    """Plot the share of full fine-tuning's ΔW that methods describe against their improvement."""
    lines = []
    for r in trained.reached():
        y = improvements(r.runs)
        says = (
            f"{shown(r.name)} describes {percent(r.share)}, which keeps "
            f"{percent(r.kept)} of the loss; trained it reaches {number(y.mean, 0)} %"
        )
        x = max(100 * r.share, 0)  # ETHER cannot come near a small change
        lines.append(line(r.name, (Point(x, *y, says),), joined=False))
    across = "share of full fine-tuning’s ΔW that it describes, %"
    return drawn("Reach and result", across, lines, log=False)


CHARTS: dict[str, Callable[..., Chart]] = {
    "rates": rates, "budget": budget, "price": price, "steps": steps, "cut": cut, "reach": reach,
}  # fmt: skip


# Tables: the name of a piece of experiment.html, and what it is made of ---------------------------

Piece = tuple[str, *tuple[Any, ...]]


def beside(key: str, on: str = "") -> Piece:
    """The arms of a question against its baseline."""
    asked, there = question(key), cell(on)
    base = asked.baseline
    about = f"{shown(base)} ({count(size(base, there))} parameters)"
    rows = list(_beside(asked, there))
    return "beside", rows, about, good_rates(base, there), there.task


def _beside(asked: Question, there: Cell) -> Iterator[Beside]:
    for name in asked.ran(there):
        ours = finals(name, there)
        known = all(run.sibling is not None for run in ours.values())
        found = (
            asked.found(name, "loss", there),
            asked.found(name, "early", there),
            asked.at_equal_improvement(name, there),
            asked.found(name, "transfer", there) if known else None,
        )
        parameters = size(name, there)
        yield Beside(shown(name), link(name), parameters, found, good_rates(name, there))


def across(key: str) -> Piece:
    """The arms of a question against its baseline in all its cells."""
    asked = question(key)
    cells = sorted((there for there in asked.cells if asked.ran(there)), key=usual)
    rows = [
        Across(
            shown(name), link(name), size(name),
            tuple(
                asked.found(name, "loss", there) if name in asked.ran(there) else None
                for there in cells
            ),
        )
        for name in asked.arms
    ]  # fmt: skip
    return "across", rows, [place(there) for there in cells], shown(asked.baseline)


def tasks() -> Piece:
    """Every method's improvement on every task, and what it forgets."""
    found, made = list[Row](), Counter(run.method for run in experiment.read())
    for name in methods(Cell()):
        cells = {task: finals(name, Cell(task)) for task in ("code", "prose", "memory")}
        shares = {
            task: interval(map(remembered if task == "memory" else improvement, runs.values()))
            for task, runs in cells.items()
            if len(runs) == SEEDS and len(finals(FULL, Cell(task))) == SEEDS
        }
        on_code = list(cells["code"].values())
        half = [forgetting_at(run, halfway(Cell())) for run in on_code]
        there = [value for value in half if value is not None]
        found.append(
            Row(
                name, made[name], shown(name), link(name), size(name), shares,
                fmean(map(forgetting, on_code)),
                fmean(there) if len(there) == len(half) else None,
            )
        )  # fmt: skip
    found.sort(key=lambda row: -row.improvements["code"].mean)
    known = {
        task: name for task, name in TASKS.items() if any(task in r.improvements for r in found)
    }
    return "tasks", found, known


def teachers() -> Piece:
    """Tabulate the distance of each student from each teacher at the end."""
    done = [task for task in TEACHERS if len(finals(FULL, Cell(task))) == SEEDS]
    students = dict.fromkeys(n for n, there in experiment.runs() if there.task in done)
    rows = [
        Across(
            shown(name), link(name), size(name),
            tuple(
                interval(map(loss, runs.values())) if len(runs) == SEEDS else None
                for runs in (finals(name, Cell(task)) for task in done)
            ),
        )
        for name in students
    ]  # fmt: skip
    starts = [next(iter(finals(FULL, Cell(task)).values())).start_test for task in done]
    return "teachers", rows, [TASKS[task] for task in done], starts


def described() -> Piece:
    """Tabulate methods' share of full fine-tuning's ΔW, what that does, and what they learn."""
    rows = [
        (shown(r.name), link(r.name), r.fitted, r.share, r.kept, r.improvement)
        for r in sorted(trained.reached(), key=lambda r: -r.share)
    ]
    return "reach", rows


TABLES: dict[str, Callable[..., Piece]] = {
    "beside": beside, "across": across, "tasks": tasks, "teachers": teachers, "reach": described,
}  # fmt: skip


class Experiment(Part):
    """The macros of the page about the experiment."""

    def drawn(self, name: str, *arguments: Any) -> str:
        """Return a piece of scripts/macros/experiment.html as one block of HTML."""
        return self.page.draw(name, *arguments, file="experiment.html", kind="ah lab")

    @macro("text")
    def answer(
        self, key: str, arm: str, measure: Name = "loss", on: str = "", beside: str = ""
    ) -> str:
        """Compare an arm of a question with its baseline, or with another arm, in words."""
        return question(key).said(arm, measure, cell(on), beside)[1]

    @macro("figure", "experiment")
    def chart(self, name: str, *arguments: str, title: str = "") -> str:
        """One of the `CHARTS`, with its finding."""
        return self.page.figure(CHARTS[name](*arguments)._replace(title=title), table=True)

    @macro("table", "experiment")
    def table(self, name: str, *arguments: str) -> str:
        """One of the `TABLES`."""
        return self.page.style() + self.drawn(*TABLES[name](*arguments))

    @macro("list")
    def runs(self) -> str:
        """The runs of a method that a reader chooses, each with what makes it again."""
        script = f'<script type="module" src="{self.page.root}assets/demo/runs.js"></script>'
        names = {name: shown(name) for name in dict.fromkeys(r.method for r in experiment.read())}
        return self.page.style(script) + self.drawn("runs", names)

    @macro("text")
    def progress(self) -> str:
        """Count the methods that have all their seeds, for each task and setting."""
        cells = dict.fromkeys(there for _, there in experiment.runs())
        return "; ".join(f"{place(there)} {len(methods(there))}" for there in cells)

    @macro("text")
    def reach(self, what: str = "share", *, alike: bool = False) -> str:
        """Spearman's ρ of the improvement with what is described, or what that keeps."""
        found = trained.reach_predicts(what, alike=alike)
        return f"ρ = {number(found.rho, 2)} over {found.n} settings"

    @macro("text")
    def ranked(self, by: str) -> str:
        """Kendall's τ between two rankings: of both texts, at one rate, at rates as in PEFT."""
        if by == "texts":
            tau, among = trained.between_texts()
            return f"τ = {number(tau, 2)} over {among} settings"
        if by == "peft":
            tau, among = trained.as_peft_ranks()
            return f"τ = {number(tau, 2)} ({among} methods)"
        return "; ".join(
            f"{rate:.2g}: τ = {number(tau, 2)} ({among} methods)"
            for rate, (tau, among) in trained.at_one_rate(Cell()).items()
        )
