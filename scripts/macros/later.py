"""Methods beyond the survey, trained: tables, figures, and what their own pages have of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import fmean

from adapters_np.control import controls as own_controls
from scripts.macros.experiment import link, shown
from scripts.macros.figures import Lane, Row, Rows, Value
from scripts.macros.findings import forest, theme
from scripts.macros.page import Page, Part, macro
from scripts.macros.predictions import table
from scripts.survey import effects, experiment, say
from scripts.survey.experiment import Run
from scripts.survey.later import effect, finals, named, plan

SIDES = {False: ("← LoRA ahead", "method ahead →"), True: ("← control ahead", "method ahead →")}
SAYS = {
    False: "Methods beside a LoRA of about their size, each at its own best rate, on code",
    True: "Methods beside themselves without their hypothesis, each at its own best rate, on code",
}


def linked(name: str) -> str:
    """Return a method with the link to its page."""
    return f"[{shown(name)}]({link(name).rstrip('/')}.md)"


def measured(made: Iterable[Run]) -> tuple[str, ...]:
    """Return what a row of the table has of runs: parameters, rate, improvement, forgetting."""
    runs = list(made)
    improvement = 100 * fmean(map(experiment.improvement, runs))
    forgotten = fmean(map(experiment.forgetting, runs))
    first = runs[0]
    return (
        say.count(first.parameters), say.figures(first.rate, 2), say.number(improvement, 1),
        say.number(forgotten, 2),
    )  # fmt: skip


def methods() -> str:
    """Every method, beside LoRA, the strongest first."""

    def rows() -> Iterator[tuple[str, ...]]:
        for name in dict.fromkeys(plan().entries[name].like for name in named(False)):
            yield linked(name), *measured(finals(name).values()), ""
        for name in sorted(named(False), key=lambda n: -effect(n).mean):
            beside = f"{effect(name)}, {shown(plan().entries[name].like)}"
            yield linked(name), *measured(finals(name).values()), beside

    head = ("Method", "Parameters", "Best rate", "Improvement, %", "Forgetting, nats")
    return table((*head, "Beside LoRA of its size"), rows())


def controls() -> str:
    """Every control and what it takes out, the strongest hypotheses first."""

    def rows() -> Iterator[tuple[str, ...]]:
        for name in sorted(named(True), key=lambda n: -effect(n).mean):
            entry = plan().entries[name]
            taken = own_controls(entry.slug)[entry.arm].out.rstrip(".")
            rate, *rest = measured(finals(name).values())[1:]
            yield linked(entry.like), entry.arm, taken, rate, *rest, str(effect(name))

    head = ("Method", "Control", "Taken out", "Control’s best rate", "Its improvement, %")
    return table((*head, "Its forgetting, nats", "Method beside it"), rows())


TABLES = {"methods": methods, "controls": controls}


def figure(arms: bool) -> Rows:
    """Every method beside LoRA, or beside its controls."""
    rows = []
    for name in sorted(named(arms), key=lambda n: -effect(n).mean):
        found = effect(name)
        one = Value(found.mean, found.low, found.high)
        rows.append(Row(shown(name), (one,), theme(name), link=link(name)))
    return forest(SAYS[arms], rows, (Lane(""),), sides=SIDES[arms], band=effects.LEVEL)


def own_training(page: Page, modules: Iterable[str]) -> str:
    """Return how the modules of a page do beside LoRA, nothing where none was trained."""
    entries = plan().entries
    found = [
        f"{shown(name)} beside {shown(entries[name].like)}, {effect(name)}"
        for name in named(False)
        if entries[name].slug in modules
    ]
    bare = any(entries[name].slug in modules for name in named(True))
    return page.draw("own", found, bare, file="later.html", found=False) if found else ""


class Later(Part):
    """The macros of the page on methods beyond the survey."""

    @macro("table", "later")
    def tables(self, name: str) -> str:
        """One of the tables."""
        return f"\n{TABLES[name]()}\n"

    @macro("figure", "later")
    def figures(self, kind: str, title: str = "") -> str:
        """The methods, or the controls; the values stand in a table of the page."""
        drawn = figure(kind == "controls")
        return self.page.figure(drawn._replace(title=title)) if drawn.rows else ""

    @macro("text", "later_runs")
    def made(self) -> str:
        """The number of the runs that count."""
        made = sum(len(finals(name)) for name in plan().entries)
        wanted = len(plan().seeds) * len(plan().entries)
        return f"{made} runs that count" + (f" of {wanted}" if made < wanted else "")
