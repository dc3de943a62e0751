"""The rule of the rubric: from typed evidence to a verdict, by arithmetic alone.

A source has one vote. F and A are what all votes give for and against; the verdict compares them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from scripts.survey.facts.result import ClaimedBy as ClaimedBy
from scripts.survey.facts.result import Dimension as Dimension
from scripts.survey.facts.result import RunBy as RunBy
from scripts.survey.facts.result import Side as Side
from scripts.survey.facts.result import Strength as Strength
from scripts.survey.facts.say import number

POINTS: dict[Dimension, float] = {"PE": 1, "BL": 1, "BF": 1.5, "DE": 1.5, "OOD": 2, "WA": 1}
DIMENSIONS: dict[Dimension, str] = {
    "PE": "Parameter-efficient",
    "BL": "Beats LoRA",
    "BF": "Matches full fine-tuning",
    "DE": "Data-efficient",
    "OOD": "Generalises out of distribution",
    "WA": "Widely adopted",
}
MOST = sum(POINTS.values())

Word: TypeAlias = Literal[
    "confirmed",
    "reported",
    "contested",
    "too little",
    "no evidence",
    "against, too little",
    "contradicted",
]
"""From most to least that speaks for a claim."""

Lean: TypeAlias = Literal["for", "against"] | None

RATIO = 4
"""The ratio by which one side has to outweigh the other one to settle a dimension."""

ENOUGH = 2
"""The weight that a side needs to say anything: a full unit, or weak ones of two sources."""

CONFIRMED_PAPERS, CONTESTED_PAPERS = 5, 3
"""The papers by others that have to run a method for it to count as widely adopted, or nearly."""

CAP = 2
"""The most that a source may weigh, in times its heaviest unit."""

WEAK, FULL_UNIT, FULL_OF_INDEPENDENTS = 1, 2, 4

TINY = 1e-9


class Weighing(NamedTuple):
    """Choices in adding up the evidence that a sceptic may set otherwise; the rule's own values."""

    ratio: float = RATIO
    cap: float = CAP


RULE = Weighing()


class Finding(NamedTuple):
    dimension: Dimension
    source_key: str
    place: str
    unit: str
    finding: Side
    run_by: RunBy
    strength: Strength
    claimed_by: ClaimedBy
    numbers: str

    @property
    def weight(self) -> int:
        """1 for a weak unit, 2 for a full one, 4 for a full one of independents."""
        if self.strength == "weak":
            return WEAK
        return FULL_OF_INDEPENDENTS if self.run_by == "independent" else FULL_UNIT

    @property
    def source(self) -> str:
        return f"{self.source_key}, {self.place}"


class Vote(NamedTuple):
    supports: float
    level: float
    against: float


def vote(findings: Sequence[Finding], cap: float = CAP) -> Vote:
    """Return the vote of one source: the weights of its units, at most `cap` times the heaviest.

    >>> def unit(side, strength="weak"):
    ...     return Finding("BL", "x2024", "T", "U", side, "rival", strength, "paper", "")
    >>> vote([unit("for"), unit("against"), unit("against"), unit("level")])
    Vote(supports=0.5, level=0.5, against=1.0)
    >>> vote([unit("for", "full")])
    Vote(supports=2.0, level=0.0, against=0.0)
    """
    weights: Counter[Side] = Counter()
    for finding in findings:
        weights[finding.finding] += finding.weight
    total = weights.total()
    share = min(total, cap * max(f.weight for f in findings)) / total
    return Vote(*(share * weights[side] for side in ("for", "level", "against")))


def by_source(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    sources: dict[str, list[Finding]] = {}
    for finding in findings:
        sources.setdefault(finding.source_key, []).append(finding)
    return sources


def balance(
    dimension: Dimension, findings: Iterable[Finding], cap: float = CAP
) -> tuple[float, float]:
    """Return F and A; who claims to beat LoRA loses half of each tie to the other side."""
    votes = [vote(units, cap) for units in by_source(findings).values()]
    against = sum(v.against + (v.level / 2 if dimension == "BL" else 0) for v in votes)
    return sum(v.supports for v in votes), against


Clause: TypeAlias = Literal[
    "papers", "nothing", "little", "opposed", "against", "open", "leans", "by_others", "by_authors",
    "unread",
]  # fmt: skip
"""The condition of the rule that gives a verdict."""

ENOUGH_FOR = f"The evidence for weighs at least {ENOUGH}, and {{ratio:g}} times that against."
SETTLES = "To settle it, one side has to weigh {ratio:g} times as much as the other."
SENTENCES: dict[Clause, str] = {
    "papers": f"{{papers}} by others ran it. Confirmation takes {CONFIRMED_PAPERS}; with "
    f"{CONTESTED_PAPERS} or {CONFIRMED_PAPERS - 1} it is contested.",
    "nothing": "No comparison in the sources that were read counts here, so there is nothing to "
    "weigh.",
    "little": f"Neither side reaches the weight of {ENOUGH} that a verdict needs.",
    "opposed": "The evidence against weighs at least twice the evidence for. To contradict, it "
    f"would have to weigh at least {ENOUGH}, and {{ratio:g}} times the other side.",
    "against": f"The evidence against weighs at least {ENOUGH}, and {{ratio:g}} times that for.",
    "open": SETTLES,
    "leans": f"{SETTLES} It leans {{leaning}}: that side weighs at least twice as much.",
    "by_others": f"{ENOUGH_FOR} Independent authors found it too.",
    "by_authors": f"{ENOUGH_FOR} It is only reported: besides the authors’ own, at most one weak "
    "source supports it.",
    "unread": "By weight it would be {else}. The method’s main paper has not been read, and "
    "without it nothing is settled.",
}


class Judgement(NamedTuple):
    """A verdict without its sensitivity."""

    word: Word
    leaning: Lean
    F: float
    A: float
    clause: Clause


def judge(
    dimension: Dimension,
    findings: Sequence[Finding],
    how: Weighing = RULE,
    *,
    unread: bool = False,
) -> Judgement:
    """Return the verdict of one dimension; while the main paper is unread, nothing is settled."""
    f, a = balance(dimension, findings, how.cap)
    if dimension == "WA":
        return _adopted(len(by_source(findings)), f, a)
    if not findings:
        return Judgement("no evidence", None, f, a, "nothing")
    verdict = weighed(f, a, by_others(findings), how.ratio)
    return _unsettled(verdict) if unread else verdict


def _adopted(papers: int, f: float, a: float) -> Judgement:
    if papers >= CONFIRMED_PAPERS:
        return Judgement("confirmed", None, f, a, "papers")
    if papers >= CONTESTED_PAPERS:
        return Judgement("contested", "for", f, a, "papers")
    return Judgement("too little" if papers else "no evidence", None, f, a, "papers")


def weighed(f: float, a: float, others: bool, ratio: float = RATIO) -> Judgement:
    """Return what F and A amount to; more for a claim never gives a worse word, nor the reverse.

    Args:
        f: What is for it.
        a: What is against it.
        others: Whether others than the authors found it.
        ratio: How many times one side has to outweigh the other one.
    """
    enough, against = f + TINY >= ENOUGH, a + TINY >= ENOUGH
    twice_for, twice_against = f > 0 and f + TINY >= 2 * a, a > 0 and a + TINY >= 2 * f
    leaning: Lean = "for" if twice_for else "against" if twice_against else None
    if against and a + TINY >= ratio * f:
        return Judgement("contradicted", None, f, a, "against")
    if enough and f + TINY >= ratio * a:
        word, why = _supported(others)
        return Judgement(word, None, f, a, why)
    if twice_against and not enough:
        return Judgement("against, too little", None, f, a, "opposed")
    if not (enough or against):
        return Judgement("too little", leaning, f, a, "little")
    return Judgement("contested", leaning, f, a, "leans" if leaning else "open")


def _supported(others: bool) -> tuple[Word, Clause]:
    return ("confirmed", "by_others") if others else ("reported", "by_authors")


SHORT_OF: dict[Word, tuple[Word, Lean]] = {
    "confirmed": ("too little", "for"),
    "reported": ("too little", "for"),
    "contradicted": ("against, too little", None),
}
"""Verdicts in the place of others where the main paper has not been read."""


def _unsettled(verdict: Judgement) -> Judgement:
    if verdict.word not in SHORT_OF:
        return verdict
    word, leaning = SHORT_OF[verdict.word]
    return verdict._replace(word=word, leaning=leaning, clause="unread")


def by_others(findings: Iterable[Finding]) -> bool:
    """Return whether others than the authors support it: a full unit, or two sources' weak ones."""
    units = _of_others(findings)
    return any(f.strength == "full" for f in units) or len({f.source_key for f in units}) > 1


def _of_others(findings: Iterable[Finding]) -> list[Finding]:
    return [f for f in findings if f.finding == "for" and f.run_by != "authors"]


class Distance(NamedTuple):
    """The further evidence, by others and all on one side, that changes the word, and that word."""

    weight: float
    side: Literal["for", "against"]
    word: Word
    exact: bool = True  # whether that weight is enough, or it takes a little more

    @property
    def short(self) -> bool:
        return self.weight + (0 if self.exact else TINY) <= WEAK

    def __str__(self) -> str:
        return f"{number(self.weight, 1)} more {self.side} would make it {self.word}"


def distance(findings: Sequence[Finding], verdict: Judgement) -> Distance | None:
    """Return the nearest other word, by the weight that is missing to it.

    A weak unit weighs 1. What lies on a line is less than 0.05 away from it.

    Args:
        findings: The units of a dimension.
        verdict: What they amount to by weight.

    Returns:
        None where no amount of evidence for it or against it changes anything.
    """
    f, a, others = verdict.F, verdict.A, by_others(findings)
    sides: tuple[tuple[Literal["for", "against"], tuple[float, ...]], ...] = (
        (
            "for",
            (ENOUGH - f, RATIO * a - f, 2 * a - f, a / 2 - f, a / RATIO - f, _missing(findings)),
        ),
        ("against", (ENOUGH - a, RATIO * f - a, 2 * f - a, f / 2 - a, f / RATIO - a)),
    )
    steps = sorted((max(step, 0.0), side) for side, all_ in sides for step in all_ if step > -TINY)

    def then(step: float, side: Literal["for", "against"]) -> Word:
        if side == "for":
            return weighed(f + step, a, others or step >= _missing(findings)).word
        return weighed(f, a + step, others).word

    for step, side in steps:
        for more, exact in ((step, True), (step + 2 * TINY, False)):
            if (word := then(more, side)) != verdict.word:
                return Distance(step, side, word, exact)
    return None


def _missing(findings: Sequence[Finding]) -> float:
    """Return what others have to add to what is for it before it counts as found by others."""
    return WEAK if _of_others(findings) else FULL_UNIT


class Verdict(NamedTuple):
    """The verdict on the evidence of one dimension, and the nearest other one."""

    word: Word
    leaning: Lean
    F: float
    A: float
    clause: Clause
    papers: int  # how many sources have findings
    near: Distance | None  # the nearest other word
    changes: dict[str, Word]  # the source that one would have to leave out, and the verdict then
    otherwise: Word | None = None  # by weight, where the main paper has not been read

    @property
    def reason(self) -> str:
        """The condition of the rule that gives it, in words.

        >>> def ran(key):
        ...     return Finding("WA", key, "T", "U", "for", "rival", "weak", "paper", "")
        >>> decide("WA", [ran("a2020"), ran("b2021"), ran("c2022")]).reason
        '3 papers by others ran it. Confirmation takes 5; with 3 or 4 it is contested.'
        >>> decide("BL", []).reason
        'No comparison in the sources that were read counts here, so there is nothing to weigh.'
        """
        papers = f"{self.papers or 'No'} paper{'' if self.papers == 1 else 's'}"
        words = {"papers": papers, "ratio": RATIO, "leaning": self.leaning, "else": self.otherwise}
        return SENTENCES[self.clause].format(**words)

    @property
    def kind(self) -> str:
        """The word as one class of the style sheets.

        >>> decide("BL", []).kind
        'no-evidence'
        """
        return as_class(self.word)

    @property
    def text(self) -> str:
        return f"{self.word}, leaning {self.leaning}" if self.leaning else self.word


def as_class(word: str) -> str:
    """Return a word as a name that style sheets can have.

    >>> as_class("against, too little")
    'against-too-little'
    """
    return word.replace(",", "").replace(" ", "-")


def decide(dimension: Dimension, findings: Sequence[Finding], *, unread: bool = False) -> Verdict:
    """Return the verdict of one dimension and everything that would change it; see `judge`."""
    verdict = judge(dimension, findings, unread=unread)
    changes: dict[str, Word] = {}
    for key in by_source(findings):
        left = [f for f in findings if f.source_key != key]
        other = judge(dimension, left, unread=unread).word
        if other != verdict.word:
            changes[f"without {key}"] = other
    by_weight = judge(dimension, findings)
    settled = dimension == "WA" or not findings or by_weight.word != verdict.word
    near = None if settled else distance(findings, by_weight)
    otherwise = by_weight.word if by_weight.word != verdict.word else None
    return Verdict(*verdict, len(by_source(findings)), near, changes, otherwise)
