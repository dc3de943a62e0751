"""A real English model: what the tasks are, who is ahead of whom, and what weights did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from demos.reach import FAMILIES
from scripts.macros import figures
from scripts.macros.findings import forest
from scripts.macros.page import Part, catalog, macro, names
from scripts.macros.real_changes import drawn, shown
from scripts.survey import causal, effects, english, english_changes, english_claims
from scripts.survey.english import plan
from scripts.survey.english_claims import Claim
from scripts.survey.result import FULL
from scripts.survey.say import count, listed, number, percent
from scripts.survey.say import figures as digits
from scripts.survey.statistics import Interval

FILE = "english.html"
LANES = {
    "reviews": figures.Lane("film reviews"),
    "definitions": figures.Lane("definitions", "diamond", hollow=True),
}
ENDS = (0.5, 40.0)  # of the figure of changes, in times chance
BESIDE = ("head alone", "lora 4", FULL)
"""Entries beside majority and probe in the table of the tasks."""


RATES = 4
"""The rates that a sweep of a causal model is expected to take."""


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


def differences(claim: Claim) -> figures.Rows:
    """Return the figure of a claim: its entries on each task, beside whom they are judged."""
    rows = []
    for entry in claim.entries:
        found = claim.found(entry)
        if any(found.values()):
            values = [figures.Value(*one) if one else None for one in found.values()]
            rows.append(figures.Row(called(entry), tuple(values), theme(entry)))
    like = called(plan().entries[claim.entries[0]].like)
    lanes = [LANES[task] for task in plan().tasks]
    if claim.measure is english.forgetting:
        return forest(
            f"Loss of the other task’s probe, beside {like}", rows, lanes,
            across="nats more", sides=("← forgets less", "forgets more →"),
        )  # fmt: skip
    return forest(
        f"Accuracy on the test, beside {like}. Grey: less than a point", rows, lanes,
        across="percentage points", band=effects.LEVEL,
    )  # fmt: skip


def basis(claim: Claim) -> str:
    """Return what was run for a claim, in words."""
    cells = [
        (entry, task) for entry in claim.entries for task, v in claim.found(entry).items() if v
    ]
    runs = 2 * len(cells) * len(plan().seeds)
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


# Changes by full fine-tuning ----------------------------------------------------------------------


def size() -> str:
    """Return how large the changes are, and in how few directions they lie."""
    found = []
    for task in plan().tasks:
        about, seeds = english_changes.whole(task), len(english_changes.seeds(task))
        runs = f"{seeds} runs" if seeds > 1 else "one run"
        found.append(
            f"On {LANES[task].name} ({runs}) it moved a matrix on average by"
            f" {percent(about['relative_norm'], 1)} of its norm. Half of the change’s energy lies"
            f" in {number(about['directions_for_half'], 0)} directions of 384; the best two hold"
            f" {percent(about['low_rank share'])}."
        )
    return " ".join(found)


def alike() -> str:
    """Return how alike the changes of two runs are."""
    same, other = (english_changes.alike(of_one) for of_one in (True, False))
    pairs = f"{same.pairs} pairs" if same.pairs > 1 else "one pair"
    return (
        f"Two runs on one task read sentences in other orders, and no run reads all of them. They"
        f" change a matrix with a mean cosine"
        f" of {number(same.cosine, 2)} (over {pairs}). The four leading outputs of the"
        f" one hold {percent(same.left)} of the other’s, and the inputs {percent(same.right)}; by"
        f" chance it would be {percent(same.left_by_chance, 1)} and"
        f" {percent(same.right_by_chance, 1)}. Runs on two tasks have a cosine of"
        f" {number(other.cosine, 2)} and share {percent(other.left)} and {percent(other.right)}."
    )


SENTENCES = {"size": size, "alike": alike}


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

    @macro("text")
    def english_says(self, about: str) -> str:
        """Describe full fine-tuning's changes, in sentences."""
        return SENTENCES[about]()

    @macro("table")
    def english_layers(self) -> str:
        """Tabulate the changes' share in four directions of each layer, and in shared ones."""
        rows = [
            (f"{LANES[task].name}, {side}", english_changes.shared(task, side))
            for task in plan().tasks
            for side in ("inputs", "outputs")
        ]
        return self._draw("layers", rows)

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

    @macro("table")
    def english_rates(self) -> str:
        """Plot what is learned and forgotten along the rates, on each task with its values."""
        there = [task for task in plan().tasks if swept(task)]
        return "".join(self.page.figure(frontier(task), table=True) for task in there)

    @macro("text")
    def causal_size(self) -> str:
        """Count what there is to run for a causal model."""
        own = causal.plan()
        cells, runs = len(own.entries) * len(own.tasks), RATES + len(own.seeds)
        read = cells * runs * own.steps * own.batch * own.tokens / 1e6
        return (
            f"The plan has {cells} cells, {len(own.entries)} entries on {len(own.tasks)} tasks, and"
            f" reads some {number(read, 0)} million tokens."
        )

    @macro("table")
    def causal_models(self) -> str:
        """Tabulate what others' machines found for causal models, a table each."""
        found = causal.models()
        if not found:
            return "No model has been added yet."
        return "".join(
            self._draw("causal", model, causal.results(runs), causal.plan().entries)
            for model, runs in found.items()
        )

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

    @macro("table")
    def english_changes(self) -> str:
        """All families on both tasks, as a figure and a table."""
        rows = [shown(family) for family in english_changes.families()]
        missing = [f.title for f in FAMILIES.values() if f.name not in {row.name for row in rows}]
        says = (
            "How many times what a random subspace of as many parameters explains, with 95 %"
            " intervals over layers. The distance to the control is structure: it has the same"
            " singular values in random directions, or independent entries (†). Pairs of outputs"
            " have fewer dimensions than parameters, so that their control is below one"
        )
        lanes = [LANES[task] for task in plan().tasks]
        return self.page.figure(drawn(rows, names(), lanes, says, ENDS)) + self._draw(
            "changes", rows, [lane.name for lane in lanes], missing, found=False
        )
