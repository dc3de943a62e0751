"""All controls analysed together: kinds of claim, what was compared, and the words.

together: directions, methods            a kind of claim in the methods here, in points; `any` method
together: directions, code               the same methods on one text; so `prose`
together: psoft 32, random subspace, both    a comparison over both texts; so `code`, `prose`
together: psoft 32, random subspace, word    its word; `above` is P(> 0), `beyond`, `below`, `within`
together: psoft 32, word                 whether a method's idea is supported; `supported` says where
together: psoft 32, why                  its comparisons, with their words
together: words, supported               how many methods have a word; `changed`, what was it before
together: study, comparisons             so `methods`, `where`, `rhat`, `draws`, `expected wrong`
together: planted, sign of a comparison  how often it is right where effects are known
together: wide, words that differ        with other priors; so `largest R-hat`

The word of a comparison is about its claim, which for three is that a choice does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

from scripts.bootstrap import ROOT
from scripts.survey.facts import say
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.reader import rows
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.results import bets, controls
from scripts.survey.results.hypothesis import Claim, Comparison

PLAN = ROOT / "docs" / "data" / "together.yml"
TABLE = PLAN.with_suffix(".csv")
CHECKS = PLAN.with_name("together_checks.csv")
SOURCE = "together"


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


def compared() -> list[Comparison]:
    """Return all comparisons of the study of controls."""
    return controls.comparisons(controls.runs())


class Estimate(NamedTuple):
    """What is known of an effect, in % of full fine-tuning's gain; more is better for the method.

    For a kind, more speaks for its claim: in the `methods` that were run, or in `any` of the kind.
    """

    what: Literal["methods", "any", "comparison"]
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

    Where the claim is that a choice does not matter, it is supported where the control is surely not
    ahead by the margin over both texts, and on none surely ahead by it.
    """
    both, *texts = some
    above, below = (any(p > sure for p in ps) for ps in zip(*((e.above, 1 - e.above) for e in texts)))
    plus, minus = (any(p > sure for p in ps) for ps in zip(*((e.beyond, e.below) for e in some)))
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


Compared: TypeAlias = dict[tuple[str, str], list[Estimate]]


def by_comparison(some: Iterable[Estimate]) -> Compared:
    found: Compared = {}
    for e in some:
        if e.what == "comparison":
            found.setdefault((e.method, e.control), []).append(e)
    return found


def words(some: Iterable[Estimate]) -> dict[tuple[str, str], Word]:
    """Return the word of each comparison."""
    claims = {(e.method, e.control): e.claim for e in controls.entries()}
    return {
        whose: word(own, claims[whose], plan().sure) for whose, own in by_comparison(some).items()
    }


def methods(some: Iterable[Estimate]) -> dict[str, Word]:
    """Return the word of each method."""
    found: dict[str, list[Word]] = {}
    for (method, _), own in words(some).items():
        found.setdefault(method, []).append(own)
    return {method: of_all(own) for method, own in found.items()}
