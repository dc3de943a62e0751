"""LoRA, trained otherwise: tables in Markdown, and what the figures show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from statistics import fmean

from scripts.macros.experiment import PER_CENT, drawn
from scripts.macros.figures import Chart, Lane, Line, Point, Row, Rows, Value
from scripts.macros.findings import SIDES, forest
from scripts.macros.page import Part, macro
from scripts.macros.predictions import table
from scripts.survey import effects, otherwise, say
from scripts.survey.effects import Effect
from scripts.survey.otherwise import plan
from scripts.survey.predictions import point

CALLED = {
    "lora 4": "LoRA",
    "full": "full fine-tuning",
    "lora+ 4": "LoRA+, B at 4 times the rate",
    "lora+ 16": "LoRA+, B at 16 times the rate",
    "alpha 16": "LoRA with 16 times the α",
    "lora-fa": "LoRA-FA, A frozen",
    "preconditioned": "Riemannian LoRA",
}
SCALES = {"stable": "α/√r", "plain": "α/r"}
MISSING = "not run yet"
LORA = "methods/lora/"


def called(arm: str) -> str:
    """Return an arm as readers know it.

    >>> called("lora+ 16"), called("plain 64")
    ('LoRA+, B at 16 times the rate', 'α/r, rank 64')
    """
    if arm in CALLED:
        return CALLED[arm]
    scale, _, rank = arm.partition(" ")
    return f"{SCALES[scale]}, rank {rank}"


def scale(arm: str) -> float:
    """Return the number s that an arm of the ranks multiplies its change by.

    >>> scale("plain 64"), scale("stable 64")
    (0.125, 0.5)
    """
    kind, _, rank = arm.partition(" ")
    return 8 / int(rank) if kind == "plain" else 4 / int(rank) ** 0.5


def rate(arm: str) -> str:
    """Return the rate of an arm's runs that count."""
    (first, *_) = otherwise.finals(arm).values()
    return say.figures(first.rate)


def there(arms: Iterable[str]) -> list[str]:
    """Return those arms that have all their runs."""
    return [arm for arm in arms if otherwise.finals(arm)]


def listed(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table, or that there is nothing yet to put into it."""
    found = list(rows)
    return table(head, found) if found else f"*{MISSING[0].upper()}{MISSING[1:]}.*"


# Tables -------------------------------------------------------------------------------------------

RECIPES = ("lora 4", "lora+ 4", "lora+ 16", "alpha 16", "preconditioned", "lora-fa", "full")


def recipes() -> str:
    """Every recipe beside LoRA."""

    def cells(arm: str) -> tuple[str, ...]:
        made = list(otherwise.finals(arm).values())
        beside = "" if arm == "lora 4" else str(otherwise.recipe(arm))
        return (
            called(arm), rate(arm), say.number(fmean(run.improvement for run in made), 1), beside,
            say.number(fmean(run.forgetting for run in made), 2),
        )  # fmt: skip

    head = ("Trained as", "Best rate", "Improvement, %", "Beside LoRA", "Forgetting, nats")
    return listed(head, map(cells, there(RECIPES)))


def ranks() -> str:
    """Both scales at every rank, at their own rates and at that of LoRA of rank 4."""

    def cells(arm: str) -> tuple[str, ...]:
        made, lost = list(otherwise.finals(arm).values()), otherwise.transfer(arm)
        improvement = say.number(fmean(run.improvement for run in made), 1)
        behind = (
            MISSING
            if lost is None
            else "0, its own"
            if lost.low == lost.high
            else say.estimate(*lost, 1)
        )
        return called(arm), say.figures(scale(arm), 3), rate(arm), improvement, behind

    order = sorted(plan().ranks, key=lambda arm: (arm.split()[0], int(arm.split()[1])))
    head = ("Scale", "s", "Best rate", "Improvement there, %", "Points lost at the rate of rank 4")
    return listed(head, map(cells, there(order)))


COUNTED = (*RECIPES, "plain 64", "stable 64")


def intruders() -> str:
    """Intruders that each way of training leaves, at each cosine of the plan."""

    def cells(arm: str) -> Iterator[str]:
        made = list(otherwise.finals(arm).values())
        yield called(arm)
        for i in range(len(plan().below)):
            ours, chance = (
                say.number(fmean(counts[i] for counts in found), 1)
                for found in ([r.intruders for r in made], [r.scattered for r in made])
            )
            yield f"{ours} ({chance})"
        yield say.number(fmean(run.forgetting for run in made), 2)

    below = (f"cosine below {say.figures(value)}" for value in plan().below)
    return listed(("Trained as", *below, "Forgetting, nats"), map(cells, there(COUNTED)))


def reduction(arm: str = "lora 4") -> str:
    """The price of weaker intruders, and what they save."""
    rows = (
        (say.figures(one.factor), say.estimate(*one.cost, 1), say.estimate(*one.saved, 0, 100),
         say.estimate(*one.beyond, 1, 100))
        for one in reversed(otherwise.reduction(arm))
    )  # fmt: skip
    head = (
        "Intruders times", "Improvement lost, points", "Forgetting saved, %",
        "Saved beyond a smaller change, %",
    )  # fmt: skip
    return listed(head, rows)


CLAIMS = {
    "lora+ 16": "[LoRA+](#lora-plus): B 16 times as fast as A learns more",
    "lora+ 4": "the same, B four times as fast",
    "alpha": "[LoRA+](#lora-plus) is LoRA with a larger α",
    "lora-fa": "[LoRA-FA](#lora-fa): A need not be trained, at equal rank",
    "size": "the same, at equal size",
    "preconditioned": "[Riemannian LoRA](#riemannian): steps that fit the product learn more",
    "transfer": "[rsLoRA](#rslora): one rate serves all ranks, and with α/r does not",
    "tuned": "[rsLoRA](#rslora): a high rank learns more than with α/r, both rates tuned",
    "intruders": "[Intruders](#intruders): LoRA has more of them than full fine-tuning",
    "reduction": "[Intruders](#intruders): weaker ones forget less than a smaller change",
}


def claims() -> str:
    """The claims, and what came out by the rules of the plan."""

    def cells(row: str) -> tuple[str, str]:
        arms, rule = otherwise.rules()[row]
        if not otherwise.ran(*arms):
            return CLAIMS[row], MISSING
        word, found = rule()
        if isinstance(found, otherwise.Kept):
            of, ranks = f"of {len(plan().ranks) // 2}", (found.stable, found.plain)
            ends = (f"{SCALES[s]} at {n} {of} ranks" for s, n in zip(SCALES, ranks, strict=True))
            return CLAIMS[row], f"{word}: one rate serves {' and '.join(ends)}"
        if not isinstance(found, Effect):
            return CLAIMS[row], word
        return CLAIMS[row], str(found) if word == found.word else f"{word}: {found}"

    return table(("Claim", "Here"), map(cells, CLAIMS))


TABLES: dict[str, Callable[..., str]] = {
    "claims": claims,
    "recipes": recipes,
    "ranks": ranks,
    "intruders": intruders,
    "reduction": reduction,
}


# Figures ------------------------------------------------------------------------------------------


def beside() -> Rows:
    """The lead of each recipe over LoRA."""
    arms = ("lora+ 4", "lora+ 16", "alpha 16", "preconditioned", "lora-fa")
    rows = []
    for arm in arms:
        if otherwise.ran("lora 4", arm):
            found = otherwise.recipe(arm)
            one = Value(found.mean, found.low, found.high)
            rows.append(Row(called(arm), (one,), "rank"))
    says = (
        "Beside LoRA of the same rank, each at its own best rate, LoRA with 16 times the α at that"
        " of LoRA+. Grey: less than a point"
    )
    return forest(says, rows, (Lane(""),), sides=SIDES, band=effects.LEVEL)


def by_rate() -> Chart:
    """The improvement with each scale at each rate of its sweep."""
    lines = []
    for arm in ("plain 1", "plain 16", "plain 64", "stable 1", "stable 16", "stable 64"):
        points = []
        for run in otherwise.sweep(arm):
            y = max(run.improvement, 0.0) if run.status == "done" else 0.0
            says = f"{called(arm)}, {say.figures(run.rate)}: {say.number(y, 0)} %"
            points.append(Point(run.rate, y, y, y, says))
        if points:
            kind = "rank" if arm.startswith("stable") else "other"
            lines.append(Line(called(arm), tuple(points), kind=kind))
    title = "Improvement at each rate, with one seed; at zero nothing is learned or all is lost"
    return drawn(title, "learning rate", lines, log=True)


def repaired(arm: str = "lora 4") -> Chart:
    """Forgetting against improvement, with weaker intruders and smaller changes."""
    made = list(otherwise.finals(arm).values())
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


FIGURES: dict[str, Callable[[], Chart | Rows]] = {
    "beside": beside,
    "rates": by_rate,
    "reduction": repaired,
}


class Otherwise(Part):
    """The macros of the page on how LoRA is trained."""

    @macro("table", "otherwise")
    def tables(self, name: str, *more: str) -> str:
        """One of the tables."""
        return f"\n{TABLES[name](*more)}\n"

    @macro("figure", "otherwise")
    def figures(self, name: str, title: str = "") -> str:
        """One of the figures; its values stand in a table of the page or below it."""
        return self.page.figure(FIGURES[name]()._replace(title=title), table=name != "beside")

    @macro("text", "otherwise_ready")
    def ready(self, *arms: str) -> str:
        """A text that is empty unless all runs of these arms are there."""
        return "yes" if otherwise.ran(*arms) else ""

    @macro("text", "otherwise_runs")
    def made(self) -> str:
        """The number of the runs that count."""
        made, wanted = otherwise.progress()
        return f"{made} runs that count" + (f" of {wanted}" if made < wanted else "")
