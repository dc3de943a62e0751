"""The experiment's charts, and the list of its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from statistics import fmean

from scripts.macros.figures import Chart, Line, Point, around
from scripts.macros.page import Part, link, macro, shown
from scripts.survey.facts.result import FULL
from scripts.survey.facts.say import count, number, percent
from scripts.survey.results import experiment, trained
from scripts.survey.results.experiment import (
    RANKS,
    Cell,
    Run,
    finals,
    forgetting,
    improvement,
    methods,
    sweep,
)
from scripts.survey.statistics.intervals import Interval, interval

TASKS = {
    "code": "code", "prose": "prose", "memory": "memory", "teacher lora": "LoRA’s teacher",
    "teacher oft": "OFT’s teacher", "teacher ia3": "IA3’s teacher",
    "teacher shira": "SHiRA’s teacher",
}  # fmt: skip
PER_CENT = "share of full fine-tuning’s improvement, %"


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


def improvements(runs: Iterable[Run]) -> Interval:
    return interval(100 * improvement(run) for run in runs)


def line(name: str, points: Iterable[Point], *, joined: bool = True) -> Line:
    """Return a line or dot that is called and linked as its method."""
    return Line(shown(name), tuple(points), "line" if joined else "dots", link(name))


def drawn(says: str, x: str, lines: Sequence[Line], *, log: bool, y: str = PER_CENT) -> Chart:
    points = [p for line in lines for p in line.points]
    ends = [v for p in points for v in (p.y, p.low, p.high) if isfinite(v)]
    across = around(x, [p.x for p in points], log=log)
    return Chart(says, across, around(y, ends), lines)


def rates(*names: str) -> Chart:

    def point(name: str, run: Run) -> Point:
        share = improvement(run)
        y = max(100 * share, 0) if isfinite(share) else 0.0
        says = f"{shown(name)}, {run.rate:.2g}: {number(y, 0)} %"
        return Point(run.rate, y, y, y, says if run.status == "done" else f"{says}, diverged")

    lines = [line(name, (point(name, run) for run in sweep(name))) for name in names]
    title = "Improvement at each rate, with one seed; at zero nothing is learned or all is lost"
    return drawn(title, "learning rate", lines, log=True)


def budget() -> Chart:

    def point(name: str) -> Point:
        runs = finals(name)
        found, trains = improvements(runs.values()), runs[1].parameters
        says = f"{shown(name)}: {number(found.mean, 1)} % with {count(trains)} parameters"
        return Point(trains, *found, says)

    ranks = [f"lora {r}" for r in RANKS]
    called = f"LoRA, rank {RANKS[0]} to {RANKS[-1]}"
    lines = [Line(called, tuple(map(point, ranks)), link=link("lora"))]
    rest = [name for name in methods(Cell()) if name not in (*ranks, FULL)]
    lines += [line(name, (point(name),), joined=False) for name in rest]
    return drawn("Improvement and trained parameters", "trained parameters", lines, log=True)


def price() -> Chart:
    lines = []
    for name in methods(Cell()):
        runs = list(finals(name).values())
        x, y = fmean(map(forgetting, runs)), improvements(runs)
        says = f"{shown(name)}: {number(y.mean, 1)} %, forgets {number(x, 2)} nats"
        lines.append(line(name, (Point(x, *y, says),), joined=False))
    return drawn("Improvement and forgetting", "forgotten at the end, nats", lines, log=False)


def steps(*names: str) -> Chart:
    """The validation loss at ten points of the way."""
    lines = []
    for name in names:
        curves = [run.curve_validation for run in finals(name).values()]
        points = []
        for i, values in enumerate(zip(*curves, strict=True), 1):
            at, y = Cell().steps * i // len(curves[0]), interval(values)
            points.append(Point(at, *y, f"{shown(name)}, step {at}: {number(y.mean, 3)} nats"))
        lines.append(line(name, points))
    return drawn("Loss on the way", "step", lines, log=False, y="validation loss, nats")


def cut() -> Chart:
    """Plot the improvement that full fine-tuning's ΔW keeps when cut, and LoRA's at that rank."""
    kept = [
        Point(n, 100 * mean, 100 * low, 100 * high, f"ΔW cut to {n}: {percent(mean)}")
        for n, (mean, low, high) in trained.cut("code").items()
    ]
    ranks = [
        Point(r, *improvements(finals(f"lora {r}").values()), f"LoRA of rank {r}") for r in RANKS
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
    "rates": rates, "budget": budget, "price": price, "steps": steps, "reach": reach,
}  # fmt: skip


class Experiment(Part):
    @macro("figure", "experiment")
    def chart(self, name: str, *arguments: str, title: str = "") -> str:
        return self.page.figure(CHARTS[name](*arguments)._replace(title=title), table=True)

    @macro("list")
    def runs(self) -> str:
        """The runs of a method that a reader chooses, each with what makes it again."""
        script = f'<script type="module" src="{self.page.root}assets/demo/runs.js"></script>'
        names = {name: shown(name) for name in dict.fromkeys(r.method for r in experiment.read())}
        runs = self.page.draw("runs", names, file="experiment.html", kind="ah lab")
        return self.page.style(script) + runs
