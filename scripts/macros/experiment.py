"""The experiment's charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite

from scripts.macros.figures import Chart, Line, Point, around
from scripts.macros.page import Part, link, macro, shown
from scripts.survey.facts.say import number, percent
from scripts.survey.results import experiment, trained
from scripts.survey.results.experiment import RANKS, Run, finals, improvement, sweep
from scripts.survey.statistics.intervals import Interval, interval

PER_CENT = "% of full fine-tuning’s gain"


def improvements(runs: Iterable[Run]) -> Interval:
    return interval(100 * improvement(run) for run in runs)


def line(name: str, points: Iterable[Point], *, joined: bool = True) -> Line:
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
    title = "Gain at each rate, with one seed; at zero nothing is learned or all is lost"
    return drawn(title, "learning rate", lines, log=True)


def frontier(*names: str) -> Chart:
    """Plot improvement against forgetting along the rates of each method."""
    lines = []
    for name in names:
        points = []
        for run in sweep(name):
            if run.status == "done" and run.rate < 4 * finals(name)[1].rate:
                x, y = experiment.forgetting(run), 100 * improvement(run)
                says = f"{shown(name)} at {run.rate:.2g}: {number(y, 0)} %, forgets {number(x, 2)}"
                points.append(Point(x, y, y, y, f"{says} nats"))
        lines.append(line(name, points))
    return drawn(
        "Each line follows one method from low rates, at the left, to high ones. To the upper left"
        " more is learned and less forgotten", "forgotten of the pretraining text, nats",
        lines, log=False,
    )  # fmt: skip


def cut() -> Chart:
    """Plot the improvement that full fine-tuning's ΔW keeps when cut, and LoRA's at that rank."""
    cuts = [
        Point(n, 100 * mean, 100 * low, 100 * high, f"ΔW cut to {n}: {percent(mean)}")
        for n, (mean, low, high) in trained.cut("code").items()
    ]
    ranks = [
        Point(r, *improvements(finals(f"lora {r}").values()), f"LoRA of rank {r}") for r in RANKS
    ]
    lines = [
        Line("LoRA, trained", tuple(ranks), link=link("lora")),
        Line("full fine-tuning’s ΔW, cut", tuple(cuts)),
    ]
    return drawn("Trained and cut to so many directions", "directions", lines, log=True)


CHARTS: dict[str, Callable[..., Chart]] = {
    "rates": rates, "frontier": frontier, "cut": cut,
}  # fmt: skip


class Experiment(Part):
    @macro("figure", "experiment")
    def chart(self, name: str, *arguments: str, title: str = "") -> str:
        drawn = CHARTS[name](*arguments)._replace(title=title)
        return self.page.figure(drawn, table=True)
