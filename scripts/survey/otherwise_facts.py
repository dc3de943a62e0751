"""The facts of LoRA, trained otherwise.

otherwise/arms: lora+ 16, points         beside LoRA of rank 4, with its interval and the word
otherwise/arms: lora+ 16, improvement    also loss, rate, forgetting, parameters,
                                         intruders, scattered and off, by half a decade of the rate
otherwise/ranks: plain 64, lost          points lost at the rate of LoRA of rank 4
otherwise/reduction: lora 4 0.75, cost   points; `saved` and `beyond` are shares of the forgetting
otherwise/judged: alpha, word            what came out by a rule; `points`, or how many `more`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from statistics import fmean

from scripts.survey import otherwise, say
from scripts.survey.effects import Effect
from scripts.survey.facts import Fact
from scripts.survey.predictions import UNTESTED
from scripts.survey.statistics import Interval

SOURCE = "otherwise"
_fact = partial(Fact, SOURCE, place="docs/data/otherwise.csv")


def _missing(table: str, row: str, columns: Iterable[str]) -> Iterator[Fact]:
    """Yield that a row has not been run: a page may ask for it before."""
    return (_fact(table, row, column, 0, UNTESTED, form="text") for column in columns)


COLUMNS = (
    *("loss", "forgetting", "intruders", "scattered", "improvement", "rate", "parameters"),
    "points",
    *("half a decade below", "half a decade above"),
)


def arms() -> Iterator[Fact]:
    """Yield what came out of each arm."""
    for arm in otherwise.arms():
        if otherwise.ran(arm, "lora 4"):
            yield from _arm(arm)
        else:
            yield from _missing("arms", arm, COLUMNS)


def _arm(arm: str) -> Iterator[Fact]:
    made = list(otherwise.finals(arm).values())
    means: dict[str, tuple[float, int]] = {
        "loss": (fmean(run.test for run in made), 3),
        "forgetting": (fmean(run.forgetting for run in made), 2),
        "intruders": (fmean(run.intruders[0] for run in made), 1),
        "scattered": (fmean(run.scattered[0] for run in made), 1),
    }
    for column, (value, digits) in means.items():
        yield _fact("arms", arm, column, value, say.number(value, digits))
    improvement = fmean(run.improvement for run in made) / 100
    yield _fact("arms", arm, "improvement", improvement, say.percent(improvement), form="percent")
    yield _fact("arms", arm, "rate", made[0].rate, f"{made[0].rate:.2g}")
    size = made[0].parameters
    yield _fact("arms", arm, "parameters", size, say.count(size))
    found = otherwise.recipe(arm)
    yield _fact("arms", arm, "points", found.mean, str(found))
    for side, lost in zip(("below", "above"), otherwise.off(arm), strict=True):
        if lost is not None:
            yield _fact("arms", arm, f"half a decade {side}", lost, say.number(lost, 1))


def ranks() -> Iterator[Fact]:
    """Yield what each scale loses at the rate of LoRA of rank 4."""
    for arm in otherwise.plan().ranks:
        lost = otherwise.transfer(arm)
        if lost is None:
            yield from _missing("ranks", arm, ("lost",))
        else:
            yield _fact("ranks", arm, "lost", lost.mean, say.estimate(*lost, 1))


def reductions() -> Iterator[Fact]:
    """Yield what weaker intruders cost and save."""
    for arm in otherwise.plan().reduced:
        found = otherwise.reduction(arm)
        for factor in otherwise.plan().factors if not found else ():
            yield from _missing("reduction", f"{arm} {factor:g}", ("cost", "saved", "beyond"))
        for one in found:
            row = f"{arm} {one.factor:g}"
            yield _fact("reduction", row, "cost", one.cost.mean, say.estimate(*one.cost, 1))
            for column, share in (("saved", one.saved), ("beyond", one.beyond)):
                text = f"{say.estimate(*share, 0, 100)} %"
                yield _fact("reduction", row, column, share.mean, text, form="percent")


def judged() -> Iterator[Fact]:
    """Yield what came out by the rules of the plan."""
    for row, (arms, rule) in otherwise.rules().items():
        if not otherwise.ran(*arms):
            yield from _missing("judged", row, ("word", "points", "more"))
            continue
        word, found = rule()
        yield _fact("judged", row, "word", 0, word, form="text")
        if isinstance(found, Effect):
            yield _fact("judged", row, "points", found.mean, str(found))
        elif isinstance(found, Interval):
            yield _fact("judged", row, "more", found.mean, say.estimate(*found, 1))


def facts() -> Iterator[Fact]:
    """Yield all facts."""
    for of in (arms, ranks, reductions, judged):
        yield from of()
