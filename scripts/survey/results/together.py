"""All controls analysed together: kinds of claim, what was compared, and the words.

together: directions, both               a kind of claim in the methods here, in points; so `code`
together: directions, any, both          in any method of the kind
together: directions, word               its word; so `methods`, how many there are
together: psoft 32, random subspace, both    a comparison, in points; so `code`, `prose`
together: psoft 32, random subspace, above   P(> 0); so `beyond` the margin, `below`, `within`
together: psoft 32, random subspace, word    its word
together: psoft 32, word                 whether its idea is supported; `supported` adds where
together: psoft 32, why                  its comparisons; `before`, its word by the registered rule
together: words, supported               how many methods have a word; `settled`, had none before;
                                         `steady`, keep theirs with all priors
together: study, comparisons             so `methods`, `where`
together: planted, sign of a comparison  how often it is right where effects are known
together: wide, words that differ        with other priors; so `largest R-hat`

The word of a comparison is about its claim, which for three is that a choice does not matter.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

from scripts.bootstrap import ROOT
from scripts.survey.facts import say
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.reader import records, rows
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.results import bets, controls
from scripts.survey.results.hypothesis import Claim

PLAN = ROOT / "docs" / "data" / "together.yml"
TABLE = PLAN.with_suffix(".csv")
CHECKS = PLAN.with_name("together_checks.csv")
SOURCE = "together"
BASE = PLAN.with_name("bases") / "64-0.json"


class Kind(Record):
    """A kind of claim, and the comparisons that it is made of."""

    claim: Text
    plus: tuple[Text, ...]
    """Where it says that the method is better than its control."""
    minus: tuple[Text, ...] = ()
    """Where it says that the control is better."""


class Priors(Record):
    tail: float
    mean: float
    spread: float
    kinds: bool = True
    """False if a comparison's kind is not to be known."""


class Plan(Record):
    tasks: tuple[Text, ...]
    margin: float
    sure: float
    kinds: dict[Text, Kind]
    priors: dict[Text, Priors]

    def kind(self, name: str) -> tuple[str, int]:
        """Return the kind that a comparison is of, none for some, and its sign in it."""
        for kind, of in self.kinds.items():
            if name in (*of.plus, *of.minus):
                return kind, -1 if name in of.minus else 1
        return "", 1


@cache
def plan(path: Path = PLAN) -> Plan:
    return read_yaml(Plan, path)


class Estimate(NamedTuple):
    """What is known of an effect, in % of full fine-tuning's gain; more is better for the method.

    For a kind, more speaks for its claim.
    """

    what: str
    """`comparison`; for a kind, in the `methods` that were run, or in `any` of the kind."""
    kind: str
    method: str
    control: str
    task: str
    """None for the mean over both texts."""
    mean: float
    sd: float
    low: float
    high: float
    above: float
    """The probability that it is above zero."""
    beyond: float
    """That it is above the margin; `below`, that it is under −margin; `within`, between."""
    below: float
    within: float
    rhat: float
    draws: float


# Words --------------------------------------------------------------------------------------------

Word: TypeAlias = Literal["supported", "contradicted", "no effect", "mixed", "inconclusive"]


def word(some: Sequence[Estimate], claim: Claim = "ahead", sure: float = 0.95) -> Word:
    """Return the word of a comparison, from what is known over both texts and on each.

    The first that applies, where *sure* is a probability above 95 %:

    - *mixed*: surely above zero on one text, and surely below zero on the other, and beyond the
      margin on one of them.
    - *no effect*: surely within the margin over both texts, and on none surely beyond it.
    - *supported*: surely above the margin on a text or over both, and on none surely below zero.
    - *contradicted*: the mirror of this.
    - *inconclusive*: all else.

    Where the claim is that a choice does not matter, it is supported where the control is surely
    not ahead by the margin over both texts, and on none surely ahead by it.
    """
    both, *texts = some
    above, below = (
        max(p) > sure for p in zip(*((e.above, 1 - e.above) for e in texts), strict=True)
    )
    plus, minus = (max(p) > sure for p in zip(*((e.beyond, e.below) for e in some), strict=True))
    if above and below and (plus or minus):
        return "mixed"
    if claim == "level":
        if minus:
            return "contradicted"
        return "supported" if 1 - both.below > sure else "inconclusive"
    if both.within > sure and not (plus or minus):
        return "no effect"
    if plus and not below:
        return "supported"
    return "contradicted" if minus and not above else "inconclusive"


AGAINST: dict[Word, str] = {
    "supported": "better than", "contradicted": "worse than", "no effect": "as good as",
    "mixed": "mixed against", "inconclusive": "no clear difference from",
}  # fmt: skip


def against(whose: tuple[str, str], said: Word) -> str:
    """Return how a method compares with its control, in words that precede the control's name."""
    match = said == "supported" and claims()[whose] == "level"
    return "no worse than" if match else AGAINST[said]


def of_all(words: Iterable[Word]) -> Word:
    """Return the word of a method, from those of its comparisons.

    What one control supports and another contradicts is mixed; what some support and none
    contradicts is supported; no effect is that of all.

    >>> of_all(["supported", "no effect"]), of_all(["supported", "contradicted"])
    ('supported', 'mixed')
    >>> of_all(["contradicted", "inconclusive"]), of_all(["no effect", "inconclusive"])
    ('contradicted', 'inconclusive')
    """
    found = set(words)
    if "mixed" in found or {"supported", "contradicted"} <= found:
        return "mixed"
    for one in ("supported", "contradicted"):
        if one in found:
            return one
    return "no effect" if found == {"no effect"} else "inconclusive"


def comparisons(some: Iterable[Estimate]) -> dict[tuple[str, str], list[Estimate]]:
    found: dict[tuple[str, str], list[Estimate]] = {}
    for e in some:
        if e.what == "comparison":
            found.setdefault((e.method, e.control), []).append(e)
    return found


def words(some: Iterable[Estimate]) -> dict[str, dict[str, Word]]:
    """Return the words of all methods' comparisons, by method and control."""
    found: dict[str, dict[str, Word]] = {}
    for whose, own in comparisons(some).items():
        found.setdefault(whose[0], {})[whose[1]] = word(own, claims()[whose], plan().sure)
    return found


def kinds(some: Iterable[Estimate]) -> dict[str, Word]:
    """Return the words of the kinds of claim, from what is known of their methods here."""
    found: dict[str, list[Estimate]] = {}
    for e in some:
        if e.what == "methods":
            found.setdefault(e.kind, []).append(e)
    return {kind: word(own, sure=plan().sure) for kind, own in found.items()}


def claims() -> dict[tuple[str, str], Claim]:
    return {(e.method, e.control): e.claim for e in controls.entries()}


# Facts --------------------------------------------------------------------------------------------


def facts() -> Iterator[Fact]:
    fact, found = Maker(SOURCE, "docs/data/together.csv"), rows(Estimate, TABLE)
    for e in found:
        row = f"{e.method}, {e.control}" if e.method else e.kind + ", any" * (e.what == "any")
        yield fact("", row, e.task or "both", (e.mean, e.low, e.high), "+1 to")
        for column in ("above", "beyond", "below", "within") if not e.task else ():
            share = getattr(e, column)
            yield fact("", row, column, share, "0 %")._replace(text=chance(share))
    for kind, one in kinds(found).items():
        of = plan().kinds[kind]
        yield fact("", kind, "word", one)
        yield fact("", kind, "methods", len(of.plus + of.minus), "count")
    counts, made = Counter[str](), words(found)
    places = {base for c in bets.bets()[0].trained for _, base in c.comparison.differences}
    size = json.loads(BASE.read_text("utf-8"))["parameters"]
    where = f"{bets.on(plan().tasks)}, in {len(places)} base models of {size:,} parameters each"
    for bet in bets.bets():
        own = made[bet.method]
        now = of_all(own.values())
        counts[now] += 1
        counts["steady"] += bet.method not in unsteady()
        counts["settled"] += bet.word == "cannot be told" and now != "inconclusive"
        for control, one in own.items():
            row = f"{bet.method}, {control}"
            yield fact("", row, "word", one)
            yield fact("", row, "against", against((bet.method, control), one))
        yield fact("", bet.method, "word", now)
        yield fact("", bet.method, "supported", f"{now}, {where}")
        yield fact("", bet.method, "before", bet.word)
        yield fact("", bet.method, "why", why(bet, own, found))
    for column in (*get_args(Word), "settled", "steady"):
        yield fact("", "words", column, counts[column], "count")
    yield fact("", "study", "methods", len(made), "count")
    yield fact("", "study", "comparisons", sum(map(len, made.values())), "count")
    yield fact("", "study", "where", where)
    for line in records(CHECKS):
        value = float(line["value"])
        text = say.figures(value, 4) + f" of {line['among']}" * bool(line["among"])
        checked = Maker(SOURCE, "docs/data/together_checks.csv")
        yield checked("", line["check"], line["what"], value, "3")._replace(text=text)


def chance(share: float) -> str:
    """Return a probability, none of which is ever certain.

    >>> chance(0.9999), chance(0.914), chance(0.0)
    ('over 99 %', '91 %', 'under 1 %')
    """
    if 0.01 <= share <= 0.99:
        return say.percent(share)
    return "over 99 %" if share > 0.5 else "under 1 %"


def why(bet: bets.Bet, own: Mapping[str, Word], found: Iterable[Estimate]) -> str:
    """Return what the word of a method rests on, and what it rests on no longer."""
    parts, by = [], comparisons(found)
    for control, one in own.items():
        both, *texts = by[bet.method, control]
        points = f"{say.signed(both.mean, 1)} points ({say.sided(both.low, both.high)})"
        if one == "mixed":
            points = ", ".join(f"{say.signed(e.mean, 1)} {bets.on([e.task])}" for e in texts)
        match = ", which it need only match" * (claims()[bet.method, control] == "level")
        parts.append(f"{say.named(control)}: {one}, {points}{match}")
    signs = {"reach": [j.sign for j in bet.reach], "print": [bet.verdict.printed]}
    left = [what for what, of in signs.items() if {*of} & {"for", "against"}]
    left += ["random sequences"] if set(bets.tasks(bet)) - set(plan().tasks) else []
    parts += [f"{say.listed(left)} not counted"] if left else []
    parts += ["the verdict differs under other priors"] if bet.method in unsteady() else []
    return "; ".join(parts)


def unsteady() -> set[str]:
    """Return the methods whose word is another one with another prior."""
    listed = [line["which"] for line in records(CHECKS) if line["what"] == "words that differ"]
    return {one.partition(": ")[0] for text in listed for one in text.split("; ") if one}
