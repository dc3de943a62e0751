"""Predictions of others that a trained model decides, by the rules of docs/data/symmetries.yml.

Differences of losses are in points: a point is a hundredth of what full fine-tuning improves.

predictions/X.11: whitened behind PiSSA, mean   with its interval; so its `ends` and its `word`
predictions/words: X.11, word        what came out
predictions/words: all, supported    how many have this word
predictions/X.10: turns, count       settings against others whose sign changes beyond the errors;
                                     of all `pairs`, those with other `signs`
predictions/turns: boft 4 beside miss, parameters   points behind; so `dimension`
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from math import log, sqrt
from statistics import fmean, stdev, variance
from typing import NamedTuple

import numpy as np
from scipy.stats import f as fisher

from scripts.survey.facts import reader, say
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.reader import by_seed, paired
from scripts.survey.results import experiment
from scripts.survey.results.symmetries import REACHED, TABLE, plan
from scripts.survey.statistics.intervals import Interval

HOLDS, PART, NOT, OPEN = "supported", "mixed", "contradicted", "inconclusive"
ROUNDING = 0.01
"""In points: what two copies may differ by for nothing but round-off."""

SOURCE = "predictions"

SAME, OTHER = ("lora 4", "ia3", "dora 4"), ("oft 16", "loha 2", "hira 4", "shira 0.094")
"""Of X.4: who does not notice a turned stream, and who does."""


class Row(NamedTuple):
    name: str
    found: Interval
    says: str = ""


class Outcome(NamedTuple):
    word: str
    rows: tuple[Row, ...] = ()


# Runs ---------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """A run that counts; the loss is in nats."""

    prediction: str
    arm: str
    copy: str
    draw: int
    seed: int
    phase: str
    test: float


Losses = dict[int, float]
"""Test losses by seed."""


def losses(prediction: str, name: str, copy: str) -> Losses:
    about = {"prediction": prediction, "arm": name, "copy": copy, "phase": "final"}
    return {seed: run.test for seed, run in sorted(by_seed(Run, TABLE, **about).items())}


def settled(name: str) -> Losses:
    return {seed: run.test for seed, run in sorted(experiment.finals(name).items())}


@cache
def point() -> float:
    return experiment.point(experiment.Cell())


def behind(one: Losses, other: Losses, among: int = 1) -> Interval:
    return paired(one, other, lambda loss: loss / point(), among)


def ratio(one: Sequence[float], other: Sequence[float], risk: float = 0.025) -> Interval:
    """Return the ratio of two variances, with Fisher's interval that has this risk on a side."""
    value = variance(one) / variance(other)
    low, high = fisher.ppf((risk, 1 - risk), len(one) - 1, len(other) - 1)
    return Interval(value, value / float(high), value / float(low))


def mean_ratio(ratios: Sequence[float], above: int, below: int) -> Interval:
    """Return the mean of ratios of variances, with its interval at 95 %.

    It is found from draws: a mean of Fisher's F has no closed form, and a longer tail than the F of
    as many degrees of freedom in all.
    """
    drawn = np.random.default_rng(0).f(above, below, (200_000, len(ratios))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    mean = fmean(ratios)
    return Interval(mean, mean / float(high), mean / float(low))


# The rules ----------------------------------------------------------------------------------------


def gains() -> Outcome:
    """Return X.2: LoRA with a gain for each output, against DoRA."""
    norm, one = (losses("X.2", f"gain from {a}", "plain") for a in ("the norm", "one"))
    dora, lora = settled("dora 4"), settled("lora 4")
    lead, gain, other = behind(lora, dora), behind(norm, dora), behind(one, norm)
    rows = (
        Row("LoRA behind DoRA", lead),
        Row("Gain from the norm behind DoRA", gain),
        Row("Gain from one behind DoRA", behind(one, dora)),
        Row("Gain from one behind gain from the norm", other),
        Row("DoRA with the whole derivative behind DoRA",
            behind(settled("dora 4, whole derivative"), dora)),
    )  # fmt: skip
    if gain.low > 0:
        return Outcome(NOT, rows)
    if lead.none or gain.high >= lead.mean:
        return Outcome(OPEN, rows)
    return Outcome(HOLDS if other.low > 0 else PART, rows)


def stream() -> Outcome:
    """Return X.4: who notices that the residual stream is turned."""
    rows = []
    for name in (*SAME, *OTHER):
        turned, folded = (losses("X.4", name, copy) for copy in ("turned", "folded"))
        shared, own = behind(turned, folded, len(SAME) + len(OTHER)), behind(turned, folded)
        says = _moved(shared, own)
        rows.append(Row(name, own if says == "stays" else shared, says))
    same, other = ({r.says for r in rows if r.name in names} for names in (SAME, OTHER))
    if "moves" in same or other == {"stays"}:
        word = NOT
    elif same == {"stays"} and other == {"moves"}:
        word = HOLDS
    else:
        word = PART if "moves" in other else OPEN
    return Outcome(word, tuple(rows))


def _moved(effect: Interval, own: Interval) -> str:
    if not effect.none and max(abs(effect.low), abs(effect.high)) > ROUNDING:
        return "moves"
    return "stays" if own.low > -1 and own.high < 1 else "open"


def units() -> Outcome:
    """Return X.3: whose results vary more over orders of the hidden units than over seeds."""
    rows, sums, names = [], list[float](), plan().parts["X.3"].arms
    for name in names:
        drawn = list(losses("X.3", name, "permuted").values())
        usual = list(settled(name).values())
        times = ratio(drawn, usual)
        rows.append(Row(name, times, _beside_one(times)))
        if name != names[0]:
            sums.append(times.mean)
    whole = mean_ratio(sums, len(drawn) - 1, len(usual) - 1)
    rows.append(Row("the last four together", whole, _beside_one(whole)))
    lora, *four, _ = (row.says for row in rows)
    if lora == "more" or _beside_one(whole) == "less":
        word = NOT
    elif _beside_one(whole) == "more":
        word = HOLDS
    else:
        word = PART if "more" in four else OPEN
    return Outcome(word, tuple(rows))


def _beside_one(times: Interval) -> str:
    if times.low > 1:
        return "more"
    return "less" if times.high < 1 else "open"


def splits() -> Outcome:
    """Return X.11: PiSSA's split against the one after whitening."""
    plain, copies = {}, {}
    for name in ("pissa 4", "whitened"):
        plain[name] = losses("X.11", name, "plain")
        one = plan().parts["X.11"].copies["rescaled"].seeds[0]
        about = {"prediction": "X.11", "arm": name, "copy": "rescaled", "phase": "final"}
        drawn = [run.test for run in reader.rows(Run, TABLE, **about)]
        copies[name] = [plain[name][one], *drawn]
    cost = behind(plain["whitened"], plain["pissa 4"])
    varied = ratio(copies["pissa 4"], copies["whitened"])
    less, no_worse = ratio(copies["pissa 4"], copies["whitened"], 0.05).low > 1, cost.high < 1
    rows = (
        Row("Whitened behind PiSSA, plain copy", cost, "no worse" if no_worse else ""),
        Row("PiSSA’s variance over copies, as a multiple", varied, "more" if less else "open"),
    )
    if cost.low > 0 or varied.mean <= 1:
        return Outcome(NOT, rows)
    if less:
        return Outcome(HOLDS if no_worse else PART, rows)
    return Outcome(OPEN, rows)


# Dimension reached --------------------------------------------------------------------------------


class Setting(NamedTuple):
    name: str
    slug: str
    parameters: int
    dimension: int
    loss: float
    error: float


class Turn(NamedTuple):
    """A setting against the line of another method: the points that it is behind, and the errors.

    First at equal parameters, then at equal dimension reached.
    """

    name: str
    beside: str
    apart: tuple[float, float]
    errors: tuple[float, float]

    @property
    def changes(self) -> bool:
        return self.apart[0] * self.apart[1] < 0

    @property
    def turned(self) -> bool:
        """Return whether both differences are beyond two standard errors, with other signs."""
        sure = (abs(a) > 2 * e for a, e in zip(self.apart, self.errors, strict=True))
        return self.changes and all(sure)


class Size(NamedTuple):
    """A setting's parameters, and the dimensions that it reaches."""

    method: str
    slug: str
    parameters: int
    dimension: int


def reached() -> Iterator[Setting]:
    for size in reader.rows(Size, REACHED):
        losses = [loss / point() for loss in settled(size.method).values()]
        yield Setting(*size, fmean(losses), stdev(losses) / sqrt(len(losses)))


def at(
    line: Iterable[Setting], size: Callable[[Setting], int], wanted: int
) -> tuple[float, float] | None:
    """Return a method's loss at a size between two of its settings, and the standard error."""
    for one, other in pairwise(sorted(line, key=size)):
        if size(one) <= wanted <= size(other) and size(one) < size(other):
            w = log(wanted / size(one)) / log(size(other) / size(one))
            error = sqrt(((1 - w) * one.error) ** 2 + (w * other.error) ** 2)
            return (1 - w) * one.loss + w * other.loss, error
    return None


def turns() -> list[Turn]:
    """Return every setting against every other method that has sizes around it, both ways."""
    lines: dict[str, list[Setting]] = defaultdict(list)
    for setting in reached():
        lines[setting.slug].append(setting)
    turns = []
    for own in [setting for line in lines.values() for setting in line]:
        for slug, line in lines.items():
            if slug == own.slug:
                continue
            by_parameters = at(line, lambda s: s.parameters, own.parameters)
            by_dimension = at(line, lambda s: s.dimension, own.dimension)
            if by_parameters and by_dimension:
                both = (by_parameters, by_dimension)
                apart = tuple(own.loss - loss for loss, _ in both)
                errors = tuple(sqrt(own.error**2 + error**2) for _, error in both)
                turns.append(Turn(own.name, slug, apart, errors))  # type: ignore[arg-type]
    return turns


def rankings() -> Outcome:
    """Return X.10: its counts are exact, so that it is mixed at least."""
    return Outcome(HOLDS if any(turn.turned for turn in turns()) else PART)


RULES: dict[str, Callable[[], Outcome]] = {
    "X.2": gains,
    "X.3": units,
    "X.4": stream,
    "X.10": rankings,
    "X.11": splits,
}
SAYS = {"open": OPEN, "more": "varies more", "less": "varies less"}


def facts() -> Iterator[Fact]:
    fact = Maker(SOURCE, "docs/data/symmetries.csv")
    outcomes = {prediction: rule() for prediction, rule in RULES.items()}
    for prediction, outcome in outcomes.items():
        yield fact("words", prediction, "word", outcome.word)
        for row in outcome.rows:
            name = row.name.partition(",")[0]
            multiple = prediction == "X.3" or "multiple" in row.name
            yield fact(prediction, name, "mean", row.found, "signed")
            yield fact(prediction, name, "found", row.found, "figures" if multiple else "signed")
            yield fact(prediction, name, "ends", say.sided(row.found.low, row.found.high))
            yield fact(prediction, name, "word", SAYS.get(row.says, row.says))
    for word, count in Counter(outcome.word for outcome in outcomes.values()).items():
        yield fact("words", "all", word, count, "count")
    every = turns()
    counts = {"pairs": every, "signs": [t for t in every if t.changes]}
    sure = [t for t in every if t.turned]
    for column, some in (counts | {"count": sure}).items():
        yield fact("X.10", "turns", column, len(some), "count")
    for turn in sure:
        place = f"{turn.name} beside {turn.beside}"
        yield fact("turns", place, "setting", turn.name)
        yield fact("turns", place, "beside", turn.beside)
        for column, apart in zip(("parameters", "dimension"), turn.apart, strict=True):
            yield fact("turns", place, column, apart, "signed")
