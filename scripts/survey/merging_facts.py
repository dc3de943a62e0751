"""The facts of adding what two tasks have changed.

merging/kept: sum, reviews            in % of what its own run improves, with the interval;
                                      `definitions`, and `both`, the mean; `scale`, a λ or several
merging/beside: ties 0.2, both        how much more is kept than in the plain sum, in points
merging/beside: sum, both             how much more than with the other's change shuffled
merging/negated: reviews, own         points of accuracy that are lost; `other` on the other task
merging/judged: adds, word            what came out by a rule of the plan
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import product

from scripts.survey import merging, say
from scripts.survey.facts import Fact
from scripts.survey.predictions import UNTESTED
from scripts.survey.statistics import Interval, interval

SOURCE = "merging"
_fact = partial(Fact, SOURCE, place="docs/data/merging.csv")


def _of(table: str, row: str, columns: Iterable[tuple[str, Interval]]) -> Iterator[Fact]:
    for column, found in columns:
        yield _fact(table, row, column, found.mean, say.estimate(*found, 0))


def kept() -> Iterator[Fact]:
    """Yield what each way keeps, and beside what is judged."""
    columns = (*merging.plan().tasks, "both")
    for way in merging.plan().ways:
        if way.way == "negated":
            continue
        if not (found := merging.keeps(way.name)):
            for table, column in (*product(("kept", "beside"), columns), ("kept", "scale")):
                yield _fact(table, way.name, column, 0, UNTESTED, form="text")
            continue
        yield from _of("kept", way.name, ((c, interval(found[c].values())) for c in columns))
        scales = sorted({row.scale for row in merging.ends(way.name).values()})
        text = " and ".join(f"{scale:g}" for scale in scales)
        yield _fact("kept", way.name, "scale", scales[0], text, form="text")
        other = "shuffled" if way.name == "sum" else "sum"
        yield from _of("beside", way.name, merging.beside(way.name, other).items())


def negated() -> Iterator[Fact]:
    """Yield what a change that is subtracted takes away."""
    for task in merging.plan().tasks:
        by_seed = merging.falls().get(task, {})
        for i, column in enumerate(("own", "other")):
            if by_seed:
                found = interval(pair[i] for pair in by_seed.values())
                yield from _of("negated", task, [(column, found)])
            else:
                yield _fact("negated", task, column, 0, UNTESTED, form="text")


def judged() -> Iterator[Fact]:
    """Yield what came out by the rules of the plan."""
    pruned = [way.name for way in merging.plan().ways if way.density < 1]
    words = {name: merging.ahead(name) for name in pruned} | {
        "adds": merging.adds(),
        "meets": merging.meets(),
        "negated": merging.negates(),
    }
    for row, word in words.items():
        yield _fact("judged", row, "word", 0, word, form="text")


def facts() -> Iterator[Fact]:
    """Yield all facts."""
    for of in (kept, negated, judged):
        yield from of()
