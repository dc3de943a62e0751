"""LoRA, trained otherwise: the figures that are lines and no rows of facts."""

from __future__ import annotations

from statistics import fmean

from scripts.macros.experiment import PER_CENT, drawn
from scripts.macros.figures import Chart, Line, Point
from scripts.macros.page import Part, macro
from scripts.survey.facts import say
from scripts.survey.results.otherwise import SCALES, finals, plan, sweep
from scripts.survey.results.predictions import point


def by_rate() -> Chart:
    """The improvement with each scale at each rate of its sweep."""
    lines = []
    for arm in ("plain 1", "plain 16", "plain 64", "stable 1", "stable 16", "stable 64"):
        scale, _, rank = arm.partition(" ")
        name, points = f"{SCALES[scale]}, rank {rank}", []
        for run in sweep(arm):
            y = max(run.improvement, 0.0) if run.status == "done" else 0.0
            says = f"{name}, {say.figures(run.rate)}: {say.number(y, 0)} %"
            points.append(Point(run.rate, y, y, y, says))
        lines.append(Line(name, tuple(points), kind="rank" if scale == "stable" else "other"))
    title = "Improvement at each rate, with one seed; at zero nothing is learned or all is lost"
    return drawn(title, "learning rate", lines, log=True)


def repaired() -> Chart:
    """Forgetting against improvement, with weaker intruders and smaller changes."""
    made = list(finals("lora 4").values())
    ways = {
        "the whole change smaller": ("full", plan().shrunk, "shrunk"),
        "only its intruders weaker": ("rank", plan().factors, "reduced"),
    }
    lines = []
    for name, (kind, factors, field) in ways.items():
        tests, helds = (
            [*zip(*(getattr(run, f"{field}_{text}") for run in made), strict=True), ends]
            for text, ends in (("test", [r.test for r in made]), ("held", [r.held for r in made]))
        )
        points = []
        for factor, test, held in zip((*factors, 1), tests, helds, strict=True):
            x = fmean((r.start_test - t) / point() for r, t in zip(made, test, strict=True))
            y = fmean(h - r.start_held for r, h in zip(made, held, strict=True))
            says = f"{name}, times {say.figures(factor)}: {say.number(x, 0)} % improvement"
            points.append(Point(x, y, y, y, f"{says}, forgets {say.number(y, 2)} nats"))
        lines.append(Line(name, tuple(points), kind=kind))
    says = "Improvement and forgetting when LoRA’s change is cut back after training"
    return drawn(says, PER_CENT, lines, log=False, y="forgotten, nats")


class Otherwise(Part):
    @macro("figure", "otherwise")
    def figures(self, name: str, title: str = "") -> str:
        """The improvement by `rates`, or what the `reduction` of intruders saves."""
        figure = {"rates": by_rate, "reduction": repaired}[name]()
        return self.page.figure(figure._replace(title=title), table=True)
