"""The rule of the rubric: from typed evidence to a verdict, by arithmetic alone.

A source has one vote. F and A are what all votes give for and against; the verdict compares them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

Dimension: TypeAlias = Literal["PE", "BL", "BF", "DE", "OOD", "WA"]
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

Word: TypeAlias = Literal["confirmed", "reported", "contested", "contradicted", "unsupported"]
Side: TypeAlias = Literal["for", "level", "against"]
RunBy: TypeAlias = Literal["authors", "rival", "independent"]
Strength: TypeAlias = Literal["full", "weak"]
ClaimedBy: TypeAlias = Literal["survey", "paper", "others", "us"]
Lean: TypeAlias = Literal["for", "against"] | None

RATIO = 4
"""How many times one side has to outweigh the other one to settle a dimension."""

ENOUGH = 2
"""What a side has to weigh to say anything: a full unit, or weak ones of two sources."""

CONFIRMED_PAPERS, CONTESTED_PAPERS = 5, 3
"""How many papers by others have to have run a method that counts as widely adopted, or nearly."""

TINY = 1e-9


class Finding(NamedTuple):
    """What one unit, a model on a suite, says about one dimension of a method."""

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
            return 1
        return 4 if self.run_by == "independent" else 2

    @property
    def source(self) -> str:
        """The publication's key and where in it, as in a page's front matter."""
        return f"{self.source_key}, {self.place}"


class Vote(NamedTuple):
    """What one source, or all of them, give to each side."""

    supports: float
    level: float
    against: float


def vote(findings: Sequence[Finding]) -> Vote:
    """Return the vote of one source: the weights of its units, at most twice the heaviest.

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
    share = min(total, 2 * max(f.weight for f in findings)) / total
    return Vote(*(share * weights[side] for side in ("for", "level", "against")))


def by_source(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return the findings of each source."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.source_key, []).append(finding)
    return found


def balance(dimension: Dimension, findings: Iterable[Finding]) -> tuple[float, float]:
    """Return F and A; who claims to beat LoRA loses half of each tie to the other side."""
    votes = [vote(units) for units in by_source(findings).values()]
    against = sum(v.against + (v.level / 2 if dimension == "BL" else 0) for v in votes)
    return sum(v.supports for v in votes), against


Clause: TypeAlias = Literal[
    "papers", "nothing", "neither", "less", "against", "open", "leans", "by_others", "by_authors"
]
"""The condition of the rule that gives a verdict."""

ENOUGH_FOR = f"What is for it weighs at least {ENOUGH}, and {{ratio:g}} times what is against."
SETTLES = "To settle it, one side has to weigh {ratio:g} times the other."
SENTENCES: dict[Clause, str] = {
    "papers": f"{{papers}} by others ran it. It takes {CONFIRMED_PAPERS} to confirm; "
    f"{CONTESTED_PAPERS} or {CONFIRMED_PAPERS - 1} leave it contested.",
    "nothing": "No comparison counts here, so there is nothing to weigh.",
    "neither": f"Neither side reaches the {ENOUGH} that a verdict needs.",
    "less": f"What is for it does not reach the {ENOUGH} that a verdict needs, and what is against "
    "weighs less than {ratio:g} times as much, which would contradict it.",
    "against": f"What is against weighs at least {ENOUGH}, and {{ratio:g}} times what is for it.",
    "open": SETTLES,
    "leans": f"{SETTLES} It leans {{leaning}}: that side weighs at least twice the other.",
    "by_others": f"{ENOUGH_FOR} Others than the authors found it too.",
    "by_authors": f"{ENOUGH_FOR} It is only reported: apart from the authors, at most one weak "
    "source is for it.",
}


class Judgement(NamedTuple):
    """A verdict without its sensitivity."""

    word: Word
    leaning: Lean
    F: float
    A: float
    clause: Clause


def judge(dimension: Dimension, findings: Sequence[Finding], ratio: float = RATIO) -> Judgement:
    """Return the verdict that the findings of one dimension give."""
    f, a = balance(dimension, findings)
    if dimension == "WA":
        papers = len({finding.source_key for finding in findings})
        if papers >= CONFIRMED_PAPERS:
            return Judgement("confirmed", None, f, a, "papers")
        if papers >= CONTESTED_PAPERS:
            return Judgement("contested", "for", f, a, "papers")
        return Judgement("unsupported", None, f, a, "papers")
    enough, against = f + TINY >= ENOUGH, a + TINY >= ENOUGH
    if against and a + TINY >= ratio * f:
        return Judgement("contradicted", None, f, a, "against")
    if not enough:
        why: Clause = "less" if against else "neither" if findings else "nothing"
        return Judgement("unsupported", None, f, a, why)
    if f + TINY >= ratio * a:
        if _by_others(findings):
            return Judgement("confirmed", None, f, a, "by_others")
        return Judgement("reported", None, f, a, "by_authors")
    if f + TINY >= 2 * a:
        return Judgement("contested", "for", f, a, "leans")
    if a + TINY >= 2 * f:
        return Judgement("contested", "against", f, a, "leans")
    return Judgement("contested", None, f, a, "open")


def _by_others(findings: Iterable[Finding]) -> bool:
    """Whether others than the authors support it: a full unit, or weak ones of two sources."""
    units = [f for f in findings if f.finding == "for" and f.run_by != "authors"]
    return any(f.strength == "full" for f in units) or len({f.source_key for f in units}) > 1


class Verdict(NamedTuple):
    """What the evidence of one dimension amounts to, and what else it could amount to."""

    word: Word
    leaning: Lean
    F: float
    A: float
    clause: Clause
    papers: int  # how many sources have findings
    changes: dict[str, Word]  # what one would have to leave out or to ask for, and the verdict then
    override: str = ""  # why the verdict is not the computed one, where it is not

    @property
    def reason(self) -> str:
        """The condition of the rule that gives it, in words; none for a verdict by hand.

        >>> def ran(key):
        ...     return Finding("WA", key, "T", "U", "for", "rival", "weak", "paper", "")
        >>> decide("WA", [ran("a2020"), ran("b2021"), ran("c2022")]).reason
        '3 papers by others ran it. It takes 5 to confirm; 3 or 4 leave it contested.'
        >>> decide("BL", []).reason
        'No comparison counts here, so there is nothing to weigh.'
        """
        if self.override:
            return ""
        papers = f"{self.papers or 'No'} paper{'' if self.papers == 1 else 's'}"
        words = {"papers": papers, "ratio": RATIO, "leaning": self.leaning}
        return SENTENCES[self.clause].format(**words)

    @property
    def fragile(self) -> bool:
        """Whether another sensible rule, or one source less, gives another verdict."""
        return bool(self.changes)

    @property
    def text(self) -> str:
        """The verdict in words."""
        return f"{self.word}, leaning {self.leaning}" if self.leaning else self.word


def decide(dimension: Dimension, findings: Sequence[Finding]) -> Verdict:
    """Return the verdict of one dimension and everything that would change it."""
    found = judge(dimension, findings)
    others: dict[str, Judgement] = {}
    if dimension != "WA":  # which counts papers: nothing in it is weak or by authors
        for ratio in (3, 5):
            others[f"with a ratio of {ratio}"] = judge(dimension, findings, ratio)
        full = [f for f in findings if f.strength == "full"]
        others["without weak units"] = judge(dimension, full)
        if found.word != "reported":  # which says already that it rests on the authors
            by_others = [f for f in findings if f.run_by != "authors"]
            others["without its authors"] = judge(dimension, by_others)
    for key in by_source(findings):
        others[f"without {key}"] = judge(dimension, [f for f in findings if f.source_key != key])
    changes = {how: other.word for how, other in others.items() if other.word != found.word}
    return Verdict(*found, len(by_source(findings)), changes)
