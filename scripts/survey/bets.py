"""Every bet against its own controls: what was trained, described and printed, and the word.

The rule is scripts/survey/hypothesis.py, the runs are those of scripts/studies/controls.py, the
fits those of scripts/studies/reach.py. A method of which nothing has been trained has no word.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import inf
from pathlib import Path
from statistics import fmean
from typing import Literal, NamedTuple, TypeAlias, get_args

from scripts.survey import say
from scripts.survey.contrasts import Contrast, contrasts, printed
from scripts.survey.controls import (
    REACH,
    TABLE,
    Improvement,
    Plan,
    Run,
    Trained,
    checks,
    comparisons,
    entries,
    floor,
    grouped,
    improvement,
    plan,
    runs,
)
from scripts.survey.hypothesis import (
    Comparison,
    Effect,
    Judged,
    Outcome,
    Verdict,
    Word,
    decide,
    judge,
    sign,
)

NOT_YET: Literal["not yet judged"] = "not yet judged"
Said: TypeAlias = Word | Literal["not yet judged"]
Numbers: TypeAlias = tuple[tuple[str, float], ...]


class Described(NamedTuple):
    """An entry's description of full fine-tuning's change of one matrix."""

    task: str
    base: int
    matrix: str
    method: str
    control: str
    parameters: int
    share: float
    """Of ‖ΔW‖². Who comes no nearer than no change at all describes nothing."""


class Bet(NamedTuple):
    """A method at the setting of the study, against each of its controls."""

    method: str
    slug: str
    controls: tuple[Trained, ...]
    trained: tuple[Judged, ...]
    reach: tuple[Judged, ...]
    printed: tuple[Contrast, ...]
    verdict: Verdict | None
    improvements: Mapping[str, Improvement]
    """What it reaches of full fine-tuning's improvement, under "", and what each control does, on
    the tasks on which they are compared."""

    @property
    def word(self) -> Said:
        """The rule's word for it."""
        return self.verdict.word if self.verdict else NOT_YET

    @property
    def lead(self) -> float:
        """The lead over the nearest of its controls, over all tasks."""
        return min((j.overall.mean for j in self.trained), default=-inf)

    @property
    def reaches(self) -> float:
        """The same of what it describes."""
        return min((j.overall.mean for j in self.reach), default=-inf)

    def beside(self, control: str) -> tuple[Judged | None, Judged | None]:
        """Return what one control amounts to when trained, and in reach."""
        both = (self.trained, self.reach)
        found = [next((j for j in some if j.comparison.control == control), None) for some in both]
        return found[0], found[1]


# Reach --------------------------------------------------------------------------------------------


def described(path: Path = REACH) -> tuple[Described, ...]:
    """Return all fits; none before any was made."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Described(
                r["task"], int(r["base"]), f"{r['kind']} {r['layer']}", r["method"], r["control"],
                int(r["parameters"]), max(0.0, float(r["share"])),
            )
            for r in csv.DictReader(file)
        )  # fmt: skip


def fitted() -> list[Trained]:
    """Return who is fitted: every method that changes a weight, and its controls."""
    return [e for e in entries() if e.reached is not None and not floor(e.method)]


Shares: TypeAlias = dict[tuple[str, str], dict[tuple[str, int, str], Described]]
"""Fits by method and control, and by task, base model and matrix."""


def complete(shares: Shares) -> dict[str, list[str]]:
    """Return on each task the matrices to which everybody was fitted in all base models."""
    places = {place for own in shares.values() for place in own}
    found: dict[str, list[str]] = {}
    for task, matrix in sorted({(task, matrix) for task, _, matrix in places}):
        asked = {(task, base, matrix) for base in bases()}
        if all(asked <= shares.get((e.method, e.control), {}).keys() for e in fitted()):
            found.setdefault(task, []).append(matrix)
    return found


def bases() -> list[int]:
    """Return the base models of the plan."""
    return sorted({base for part in plan().parts for base in part.bases})


def by_entry(found: Iterable[Described]) -> Shares:
    """Return fits by whose they are."""
    shares: Shares = {}
    for d in found:
        shares.setdefault((d.method, d.control), {})[d.task, d.base, d.matrix] = d
    return shares


def reaches(found: Iterable[Described]) -> list[Comparison]:
    """Return what every method describes beyond each control, of the matrices that are complete.

    A difference is a mean over the matrices of a base model. In a single matrix some have more
    parameters than their controls, which share theirs among matrices: these are left out.
    """
    shares = by_entry(found)
    there, made = complete(shares), []
    for e in fitted():
        if not e.control or not there:
            continue
        of, other = shares[e.method, ""], shares[e.method, e.control]
        pairs = {
            (task, base): [(of[task, base, m], other[task, base, m]) for m in matrices]
            for task, matrices in there.items()
            for base in bases()
        }
        if all(one.parameters == two.parameters for some in pairs.values() for one, two in some):
            differences = {
                place: [fmean(one.share - two.share for one, two in some)]
                for place, some in pairs.items()
            }
            made.append(Comparison(e.method, e.control, e.claim, differences))
    return made


# Bets ---------------------------------------------------------------------------------------------


def decided(
    found: Sequence[Run], fits: Sequence[Described] = (), chosen: Plan | None = None
) -> list[Bet]:
    """Return every method with its controls; those that are decided first, by their lead."""
    trained, reach = judge(comparisons(found, chosen)), judge(reaches(fits))
    by, bets = grouped(found), []
    for e in entries():
        own = tuple(c for c in entries() if c.control and c.method == e.method)
        if e.control or not own:
            continue
        ran, described_ = (
            tuple(j for j in some if j.comparison.method == e.method) for some in (trained, reach)
        )
        verdict = decide(ran, described_, printed(e.slug)) if ran else None
        others = tuple(c for c in contrasts() if c.method == e.slug)
        places = list(ran[0].comparison.differences) if ran else []
        names = ("", *(c.control for c in own)) if ran else ()
        shares = {name: improvement(by, (e.method, name), places) for name in names}
        bets.append(Bet(e.method, e.slug, own, ran, described_, others, verdict, shares))
    return sorted(bets, key=lambda bet: (-bet.lead, -bet.reaches, bet.slug))


@cache
def bets(table: Path = TABLE, reach: Path = REACH) -> tuple[Bet, ...]:
    """Return all bets as they stand."""
    return tuple(decided(runs(table), described(reach)))


def of(modules: Iterable[str]) -> list[Bet]:
    """Return the bets of some modules, in the order of these."""
    by = {bet.slug: bet for bet in bets()}
    return [by[slug] for slug in modules if slug in by]


def words() -> tuple[Word, ...]:
    """Return the words that there are, the best first."""
    found: tuple[Word, ...] = get_args(Word)
    return found


def checked(found: Sequence[Run]) -> dict[str, list[Judged]]:
    """Return what the study tests itself by: second draws as comparisons of the study are judged.

    The planted changes are a family of their own.
    """
    own, among = checks(found), comparisons(found)
    return {
        "power": judge(own["power"]),
        "size": judge([*among, *own["size"]])[len(among) :],
    }


# In words -----------------------------------------------------------------------------------------


def because(bet: Bet) -> str:
    """Return why the word is what it is, and where that was found, in half a sentence."""
    return f"{where(bet)}: {reasons(bet)}"


def reasons(bet: Bet) -> str:
    """Return what is for the word of a method that is judged: its controls, then what is not alike.

    A text is told where another word follows there.
    """
    parts = [beside(j, j.overall) for j in bet.trained]
    parts += [
        f"{on([task])} {beside(j, effect)}"
        for j in bet.trained
        for task, effect in j.by_task.items()
        if sign(effect.outcome, j.comparison.claim) != j.sign
    ]
    return "; ".join([", ".join(parts), *elsewhere(bet), *disagreement(bet)])


def disagreement(bet: Bet) -> list[str]:
    """Return what is against a bet that holds in part, in half a sentence, if anything is."""
    lost = {task for j in bet.trained for task in j.contradicted_on}
    where = [on(task for task in tasks(bet) if task in lost)] if lost else []
    where += ["in reach"] if any(j.sign == "against" for j in bet.reach) else []
    mixed = bet.word == "holds in part" and where
    return [f"mixed, since {' and '.join(where)} a control is ahead"] if mixed else []


def where(*some: Bet) -> str:
    """Return where methods that are judged were trained; what only some have is said of these."""
    models = len({base for bet in some for _, base in bet.trained[0].comparison.differences})
    has = Counter(task for bet in some for task in tasks(bet))
    rest = [f"{n} of them {on([task])} too" for task, n in has.items() if n < len(some)]
    shared = on(task for task, n in has.items() if n == len(some))
    return ", ".join([shared, *rest, f"in {models} base models of one small decoder"])


TEXTS = {"prose": "a novel", "memory": "random sequences"}
"""Tasks whose names say too little."""


def on(some: Iterable[str]) -> str:
    """Return on what a method was trained, in words.

    >>> on(["code"]), on(["code", "prose"])
    ('on code', 'on code and a novel')
    """
    return f"on {say.listed([called(task) for task in some])}"


def called(task: str) -> str:
    """Return a task as readers know it."""
    return TEXTS.get(task, task)


def tasks(bet: Bet) -> tuple[str, ...]:
    """Return the tasks on which a method that is judged was trained."""
    return bet.trained[0].comparison.tasks


def beside(judged: Judged, effect: Effect) -> str:
    """Return an effect in words, in points.

    A point is a hundredth of what full fine-tuning improves.
    """
    c = judged.comparison
    low, high = 100 * effect.low, 100 * effect.high
    points = say.number(abs(100 * effect.mean), 1)
    near, far = sorted((abs(low), abs(high)))
    signed = f"{say.signed(100 * effect.mean, 1)} points, {say.sided(low, high)}"
    whom = f"*{say.named(c.control)}*"
    return {
        "ahead": f"ahead of {whom} by {points} points ({say.sided(near, far)})",
        "behind": f"behind {whom} by {points} points ({say.sided(near, far)})",
        "equal": f"equal to {whom} ({signed})",
        "not resolved": f"not told apart from {whom} ({signed})",
    }[effect.outcome] + (", which it need only match" if c.claim == "level" else "")


def elsewhere(bet: Bet) -> list[str]:
    """Return what reach and print add, where they are for a bet or against it."""
    counts, found = [j for j in bet.reach if j.sign in ("for", "against")], []
    says: dict[Outcome, str] = {"ahead": "ahead of", "equal": "equal to", "behind": "behind"}
    for outcome, place in says.items():
        whom = [
            f"*{say.named(j.comparison.control)}*" for j in counts if j.overall.outcome == outcome
        ]
        if whom:
            found.append(f"in reach {place} {say.listed(whom)}")
    if bet.verdict and bet.verdict.printed in ("for", "against"):
        whose = "its authors" if all(c.by_authors for c in bet.printed) else "others"
        found.append(f"what {whose} printed is {bet.verdict.printed} it")
    return found


# As data ------------------------------------------------------------------------------------------

COLUMNS = (
    *("method", "control", "kind", "claim", "evidence", "where", "mean", "low", "high", "outcome"),
    *("sign", "word"),
)


def table(found: Sequence[Bet]) -> str:
    """Return every judgement as CSV: of training and of reach, over all tasks and on each.

    Intervals share their risk among all that are judged together. A row of a base model is its
    mean, and has no interval.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for bet in found:
        kinds = {e.control: e.kind for e in bet.controls}
        for evidence, some in (("trained", bet.trained), ("reach", bet.reach)):
            for j in some:
                c = j.comparison
                about = (bet.slug, c.control, kinds[c.control], c.claim, evidence)
                for where, e in (("all", j.overall), *j.by_task.items()):
                    ends = [f"{v:.5g}" for v in (e.mean, e.low, e.high)]
                    given = (e.outcome, sign(e.outcome, c.claim))
                    writer.writerow([*about, where, *ends, *given, bet.word])
                for base, mean in by_base(j):
                    writer.writerow([*about, base, f"{mean:.5g}", "", "", "", "", bet.word])
    return text.getvalue()


def by_base(judged: Judged) -> Numbers:
    """Return the mean over tasks and seeds in each base model."""
    c = judged.comparison
    bases = sorted({base for _, base in c.differences})
    means = (fmean(unit) for unit in c.units())
    return tuple((f"base {base}", mean) for base, mean in zip(bases, means, strict=True))
