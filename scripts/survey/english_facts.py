"""The facts of the study on a real English model.

english/reviews: full, accuracy          a mean over seeds; so `improvement`, `forgetting`
english/reviews: probe, accuracy         of the frozen model; `majority` likewise
english/reviews: oft 16, points          beside LoRA, with its interval and the word
english/reviews: full, one point         a point of accuracy as a share of its gain over the probe
english/reviews: full, sampling          standard error of its accuracy from the test sentences
english/rates: half a decade above, points   what it costs; `half a decade below`, `apart from LoRA`
english/families: low_rank, reviews      times chance; `reviews control` its control's
english/down: shards, reviews            times chance in the second feed-forward matrices
english/whole: relative_norm, reviews    a mean over matrices and seeds
english/alike: same task, cosine         over pairs of runs; `two tasks` likewise
english/joint: reviews inputs, apart     what spaces of few directions hold
english/quantised: all, noise            a median over matrices; `attn_q` and so on, and `under`
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain
from math import sqrt
from statistics import median

from scripts.survey import effects, english, english_changes, say
from scripts.survey.facts import Fact

SOURCE = "english"
_fact = partial(Fact, SOURCE, place="docs/data/english.csv")


def trained() -> Iterator[Fact]:
    """Yield what came out of every cell, of those that are not complete over the seeds so far."""
    for about in english.tasks():
        for name, share in (("probe", about.probe), ("majority", about.majority)):
            yield _fact(about.task, name, "accuracy", 100 * share, say.number(100 * share, 1))
    for task in english.plan().tasks:
        for entry, own in english.plan().entries.items():
            if runs := english.finals(entry, task):
                yield from _cell(entry, task, len(runs))
            yield from _rates(entry, task)
            if own.like and english.complete(entry, task) and english.complete(own.like, task):
                found = english.difference(entry, task)
                yield _fact(task, entry, "points", found.mean, str(effects.Effect(*found, 1, 0)))
    yield from _medians()


def _medians() -> Iterator[Fact]:
    """Yield what a rate costs, and what the choice of a method of LoRA's size."""
    own = english.plan().entries
    medians = {
        "half a decade above": english.off_best(1),
        "half a decade below": english.off_best(-1),
        "apart from LoRA": [
            abs(found.mean)
            for entry in own
            if own[entry].asks == "a"
            for found in english.beside(entry).values()
        ],
    }
    for row, points in medians.items():
        if points:
            yield _fact("rates", row, "points", median(points), say.number(median(points), 1))


def _cell(entry: str, task: str, seeds: int) -> Iterator[Fact]:
    right = english.mean(entry, task, english.accuracy).mean
    more = english.mean(entry, task, english.above_probe)
    forgotten = english.mean(entry, task, english.forgetting).mean
    run = next(iter(english.finals(entry, task).values()))
    yield _fact(task, entry, "accuracy", right, say.number(right, 1))
    yield _fact(task, entry, "above the probe", more.mean, str(effects.Effect(*more, 1, 0)))
    if more.low > 0:
        share = 1 / more.mean
        yield _fact(task, entry, "one point", share, say.percent(share), form="percent")
    sentences = next(about.test for about in english.tasks() if about.task == task)
    sampling = sqrt(right * (100 - right) / sentences)
    yield _fact(task, entry, "sampling", sampling, say.number(sampling, 1))
    yield _fact(task, entry, "forgetting", forgotten, say.number(forgotten, 2))
    yield _fact(task, entry, "parameters", run.parameters, say.count(run.parameters))
    yield _fact(task, entry, "rate", run.rate, say.figures(run.rate))
    yield _fact(task, entry, "seeds", seeds, str(seeds))
    if english.finals("full", task):
        share = english.improvement(entry, task)
        yield _fact(task, entry, "improvement", share, say.percent(share), form="percent")


def _rates(entry: str, task: str) -> Iterator[Fact]:
    for run in english.sweep(entry, task):
        row = f"{entry} {say.figures(run.rate)}"
        more = 100 * (run.validation_accuracy - run.start_validation_accuracy)
        yield _fact(f"{task}, rates", row, "above the probe", more, say.number(more, 1))
        forgotten = say.number(run.forgetting, 2)
        yield _fact(f"{task}, rates", row, "forgetting", run.forgetting, forgotten)
        loss = run.validation_loss
        yield _fact(f"{task}, rates", row, "loss", loss, say.number(loss, 3))


def changed() -> Iterator[Fact]:
    """Yield what full fine-tuning changed."""
    tasks = english.plan().tasks
    if not english_changes.measured():
        return
    for family in english_changes.families():
        for task, (change, control) in zip(tasks, family.found, strict=True):
            for column, found in ((task, change), (f"{task} control", control)):
                yield _fact("families", family.name, column, found.mean, say.number(found.mean, 1))
            if down := english_changes.times(family.name, task, "change", "down"):
                yield _fact("down", family.name, task, down.mean, say.number(down.mean, 1))
    for task in tasks:
        for row, value in english_changes.whole(task).items():
            counted = row.startswith("directions")
            text = say.number(value, 0) if counted else say.percent(value, 1)
            yield _fact("whole", row, task, value, text, form="number" if counted else "percent")
        for side in ("inputs", "outputs"):
            for column, value in english_changes.shared(task, side).items():
                yield _fact(
                    "joint", f"{task} {side}", column, value, say.percent(value), form="percent"
                )
        layers = list(english_changes.by_layer(english_changes.LOW_RANK, task))
        for name, (_, value) in (("first layer", layers[0]), ("last layer", layers[-1])):
            yield _fact("layers", name, task, value, say.percent(value), form="percent")
    yield from _pairs()


def _pairs() -> Iterator[Fact]:
    for row, same in (("same task", True), ("two tasks", False)):
        try:
            found = english_changes.alike(same)
        except LookupError:
            continue
        for column, value in found._asdict().items():
            text = str(value) if column == "pairs" else say.number(value, 2)
            if column.endswith("chance"):
                text = say.number(value, 3)
            yield _fact("alike", row, column, value, text)


def quantised() -> Iterator[Fact]:
    """Yield what four bits leave of a decoder's matrices."""
    rows = english.table(english.QUANTISED)
    for part in ("all", *dict.fromkeys(row["part"] for row in rows)):
        for column in ("noise", "under"):
            share = median(float(row[column]) for row in rows if part in ("all", row["part"]))
            yield _fact("quantised", part, column, share, say.percent(share), form="percent")


def facts() -> Iterator[Fact]:
    """Yield all facts of the study."""
    yield from chain(trained(), changed(), quantised())
