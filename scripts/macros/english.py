"""A real English model: what the tasks are, and who is ahead of whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from scripts.macros import figures
from scripts.macros.findings import forest
from scripts.macros.page import Part, catalog, macro, names
from scripts.survey import effects, english, english_changes, english_claims
from scripts.survey.english import plan
from scripts.survey.english_claims import Claim
from scripts.survey.result import FULL
from scripts.survey.say import count, listed, named, number
from scripts.survey.say import figures as digits
from scripts.survey.statistics import Interval

FILE = "english.html"
LANES = {
    "reviews": figures.Lane("film reviews"),
    "definitions": figures.Lane("definitions", "diamond", hollow=True),
}
BESIDE = ("head alone", "lora 4", FULL)
"""Entries beside majority and probe in the table of the tasks."""


class Reached(NamedTuple):
    """An entry's accuracy on a task, in per cent, and the number of seeds."""

    found: Interval
    seeds: int


class Result(NamedTuple):
    """A complete cell as a row of the table."""

    entry: str
    task: str
    parameters: int
    rate: str
    accuracy: Interval
    improvement: float
    forgetting: float
    beside: str


def called(entry: str) -> str:
    """Return an entry as readers know it."""
    own = plan().entries[entry]
    if own.slug == english.HEAD:
        return english.HEAD
    return f"{names()[own.slug][0]}{entry.removeprefix(own.slug.replace('_', ' '))}"


def theme(entry: str) -> str:
    """Return the colour of an entry."""
    page = names().get(plan().entries[entry].slug, ("", ""))[1]
    return catalog().methods[page].theme if page else "full"


def reached(entry: str, task: str) -> Reached | None:
    """Return what an entry reaches on a task with the seeds that have been run, if any."""
    seeds = len(english.finals(entry, task))
    return Reached(english.mean(entry, task, english.accuracy), seeds) if seeds else None


def results() -> list[Result]:
    """Return all complete cells."""
    found = []
    for entry, task in english.cells():
        run = next(iter(english.finals(entry, task).values()))
        own, beside = plan().entries[entry], ""
        like = own.like
        if like and english.complete(like, task):
            beside = f"{effects.Effect(*english.difference(entry, task), 1, 0)}, {called(like)}"
        full = english.complete(FULL, task)
        found.append(
            Result(
                called(entry), task, run.parameters, digits(run.rate) if own.guess else "",
                english.mean(entry, task, english.accuracy),
                english.improvement(entry, task) if full else float("nan"),
                english.mean(entry, task, english.forgetting).mean, beside,
            )
        )  # fmt: skip
    return found


def above(entries: Iterable[str]) -> figures.Rows:
    """Return the figure of accuracies above the probe."""
    rows = []
    for entry in entries:
        values = [
            figures.Value(*english.mean(entry, task, english.above_probe))
            if english.complete(entry, task)
            else None
            for task in plan().tasks
        ]
        parameters = next(
            r.parameters for t in plan().tasks for r in english.finals(entry, t).values()
        )
        rows.append(figures.Row(called(entry), tuple(values), theme(entry), count(parameters)))
    return forest(
        "Accuracy above the probe on frozen features, in percentage points, with intervals over"
        " five seeds", rows, [LANES[task] for task in plan().tasks], across="percentage points",
        sides=("← below", "above the probe →"), noted="parameters",
    )  # fmt: skip


def beside(says: str, rows: list[figures.Row]) -> figures.Rows:
    """Return a figure of differences in accuracy, by task."""
    return forest(
        f"{says}. Grey: less than a point", rows, [LANES[task] for task in plan().tasks],
        across="percentage points", band=effects.LEVEL,
    )  # fmt: skip


def lined(name: str, entry: str, found: Mapping[str, Interval | None]) -> figures.Row:
    """Return an entry's differences on all tasks as a row, with a gap where there is none."""
    values = [figures.Value(*d) if (d := found.get(task)) else None for task in plan().tasks]
    return figures.Row(name, tuple(values), theme(entry))


def differences(claim: Claim) -> figures.Rows:
    """Return the figure of a claim: its entries on each task, beside whom they are judged."""
    found = {entry: claim.found(entry) for entry in claim.entries}
    rows = [lined(called(entry), entry, own) for entry, own in found.items() if any(own.values())]
    like = called(plan().entries[claim.entries[0]].like)
    if claim.measure is english.forgetting:
        return forest(
            f"Loss of the other task’s probe, beside {like}", rows,
            [LANES[task] for task in plan().tasks],
            across="nats more", sides=("← forgets less", "forgets more →"),
        )  # fmt: skip
    return beside(f"Accuracy on the test, beside {like}", rows)


def ranks() -> figures.Rows:
    """Return the figure of LoRA's other ranks beside the fourth."""
    asked = [name for name, entry in plan().entries.items() if entry.asks == "b"]
    return beside(
        "Accuracy on the test, beside LoRA 4",
        [lined(called(name), name, english.beside(name)) for name in asked],
    )


def own_controls() -> figures.Rows:
    """Return the figure of methods beside their own controls; to the right the method is ahead."""
    rows = [
        lined(f"{called(entry.like)}, beside {named(entry.arm)}", name, found)
        for name, entry in plan().entries.items()
        if (found := english.beside_control(entry.slug, entry.arm))
    ]
    figure = beside("Accuracy on the test, the method’s less its control’s", rows)
    return figure._replace(sides=("← control ahead", "method ahead →"))


def basis(claim: Claim) -> str:
    """Return what was run for a claim, in words."""
    cells = [
        (entry, task) for entry in claim.entries for task, v in claim.found(entry).items() if v
    ]
    both = {(who, task) for name, task in cells for who in (name, plan().entries[name].like)}
    runs = len(both) * len(plan().seeds)
    of = len(claim.entries) * len(plan().tasks)
    return f"{runs} runs: {len(plan().seeds)} seeds, {len(cells)} of {of} comparisons"


FRONTIER = (FULL, "lora 4", "oft 16")
"""Entries that are followed along the rates."""


def swept(task: str) -> list[figures.Line]:
    """Return what is learned and forgotten along the rates of an entry, as far as it was run."""
    lines = []
    for entry in FRONTIER:
        points = []
        for run in english.sweep(entry, task):
            x, y = run.forgetting, 100 * (run.validation_accuracy - run.start_validation_accuracy)
            rate = digits(run.rate)
            says = f"{called(entry)} at {rate}: {number(y, 1)} points, forgets {number(x, 2)} nats"
            points.append(figures.Point(x, y, y, y, says, name=f"rate {rate}"))
        if len(points) > 1:
            lines.append(figures.Line(called(entry), tuple(points), kind=theme(entry)))
    return lines


def frontier(task: str) -> figures.Chart:
    """Return the figure of one task."""
    lines = swept(task)
    points = [point for line in lines for point in line.points]
    return figures.Chart(
        f"{LANES[task].name.capitalize()}: each line follows one from low rates to high ones."
        " To the upper left more is learned and less forgotten. One seed",
        figures.around("loss of the other task’s probe, rise in nats", [p.x for p in points]),
        figures.around("accuracy on validation above the probe, points", [p.y for p in points]),
        lines,
    )  # fmt: skip


class English(Part):
    """The macros of the page about a real English model."""

    def _draw(self, name: str, *arguments: object, found: bool = True) -> str:
        return self.page.draw(name, *arguments, file=FILE, kind="ah lab", found=found)

    @macro("text")
    def english_state(self) -> str:
        """Say how far the study has come, and what is missing."""
        own, done = plan(), english.cells()
        every = len(own.entries) * len(own.tasks)
        ran = f"{len(english.runs())} runs · {number(english.spent(), 1)} hours of one core"
        text = f"{len(done)} of {every} cells complete · {ran}"
        if len(done) < every:
            seeds = len(own.seeds)
            some = [
                f"{called(entry)} on {task} has {len(english.finals(entry, task))} of {seeds} seeds"
                for entry in own.entries
                for task in own.tasks
                if 0 < len(english.finals(entry, task)) < seeds
            ]
            text += " · what is not complete is not judged"
            text += f": {listed(some)}" if some else ""
        return text

    @macro("text")
    def english_ready(self, what: str) -> str:
        """Tell whether there is something to say of a key of `ready`; empty if not."""
        ready = {
            "results": bool(english.cells()),
            "rates": any(swept(task) for task in plan().tasks),
            "changes": english_changes.measured(),
            "alike": english_changes.compared(),
        }
        return "yes" if ready[what] else ""

    @macro("table")
    def english_sizes(self) -> str:
        """Count the sentences of each task, and those from which they were drawn."""
        return " ".join(
            f"{LANES[a.task].name.capitalize()}: {count(a.found)} labelled texts,"
            f" {count(a.fitting)} of at most 32 tokens, of which {count(a.train)} train,"
            f" {count(a.validation)} choose rates and {count(a.test)} test."
            for a in english.tasks()
        )

    @macro("table")
    def english_downloads(self) -> str:
        """The tables that there are."""
        files = {
            "the tasks": english.TASKS, "all runs": english.TABLE,
            "the changes": english.CHANGES, "pairs of runs": english.ALIKE,
            "spaces of layers": english.JOINT,
        }  # fmt: skip
        there = {name: path for name, path in files.items() if path.exists()}
        return listed([f"[{name}](data/{path.name})" for name, path in there.items()])

    @macro("table")
    def english_tasks(self) -> str:
        """The tasks, and how far each of the usual ways goes."""
        rows = [
            (about, [reached(entry, about.task) for entry in BESIDE]) for about in english.tasks()
        ]
        return self.page.style() + self._draw("tasks", rows, [called(entry) for entry in BESIDE])

    @macro("list")
    def english_examples(self) -> str:
        """Two sentences of each task, with their classes."""
        return self._draw("examples", [(LANES[about.task], about) for about in english.tasks()])

    @macro("table")
    def english_results(self) -> str:
        """All complete cells, as a figure and a table; nothing while there are none."""
        entries = list(dict.fromkeys(entry for entry, _ in english.cells()))
        if not entries:
            return ""
        figure = self.page.figure(above(entries), table=True) if len(entries) > 1 else ""
        return figure + self._draw("results", results(), found=False)

    @macro("figure")
    def english_beside(self, whom: str) -> str:
        """Plot who is how far ahead: `ranks` of LoRA, or methods of their `controls`."""
        figure = {"ranks": ranks, "controls": own_controls}[whom]()
        return self.page.figure(figure, table=True) if figure.rows else ""

    @macro("table")
    def english_rates(self) -> str:
        """Plot what is learned and forgotten along the rates, on each task with its values."""
        there = [task for task in plan().tasks if swept(task)]
        return "".join(self.page.figure(frontier(task), table=True) for task in there)

    @macro("list")
    def english_claims(self) -> str:
        """The experiment's findings: those that were run here as cards, the others in a list."""
        ran = [claim for claim in english_claims.CLAIMS if claim.ran()]
        cards = [
            self._draw("card", claim, basis(claim), found=False).replace(
                "<!--figure-->", self.page.figure(differences(claim), table=True)
            )
            for claim in ran
        ]
        rest = [claim for claim in english_claims.CLAIMS if claim not in ran]
        more = self._draw("waiting", rest, found=False) if rest else ""
        return (f'<div class="findings">{"".join(cards)}</div>' if cards else "") + more
