"""Publications: those known, the extent to which each was read, and how many have a vote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from scripts.bootstrap import ROOT
from scripts.survey.facts.papers import read_tables
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.facts.result import Source

FILE = "docs/data/candidates.yml"

Extent: TypeAlias = Literal["whole", "part", "abstract", "no"]
"""The extent to which a publication has been read."""

STATUS: dict[Extent, str] = {
    "whole": "read",
    "part": "read in part",
    "abstract": "abstract only",
    "no": "not read",
}


class Candidate(Record):
    read: Extent
    why: Text


class Candidates(Record):
    """Known publications that have no vote; `excluded` measures no adapters."""

    candidates: dict[str, Candidate]
    excluded: dict[str, Text]


@cache
def read_candidates(root: Path = ROOT) -> Candidates:
    """Return the publications without a vote.

    Raises:
        CatalogError: when the file is not as it should be; a line for each problem.
    """
    return read_yaml(Candidates, root / FILE)


def opened(root: Path = ROOT) -> set[str]:
    keys = {s.key for s in read_tables(root) if s.read in ("whole", "part")}
    known = read_candidates(root).candidates
    return keys | {key for key, c in known.items() if c.read in ("whole", "part")}


class Reading(NamedTuple):
    key: str
    status: str
    defines: bool  # whether it is the publication of a method of the catalogue
    tables: int
    votes: int  # in how many verdicts
    why: str  # what is missing


class Flow(NamedTuple):
    """The number of publications left at each step."""

    known: int
    defining: int
    excluded: int
    wanted: int
    unread: int
    abstract: int
    read: int
    nothing: int  # read, and not typed or without a comparison that counts
    typed: int
    part: int  # of those that are typed
    tables: int
    voting: int
    by_abstract: int  # have a vote although no more than the abstract was read
    verdicts: int  # with at least one vote


def readings(
    papers: Mapping[str, object], defining: Iterable[str], votes: Mapping[str, int]
) -> list[Reading]:
    """Return what has been read of every publication, those with most votes first.

    Args:
        defining: The publications that define methods.
        votes: In how many verdicts each publication has a vote.
    """
    named, known = set(defining), read_candidates()
    sources = {source.key: source for source in read_tables()}
    readings = [_typed(s, key in named, votes) for key, s in sources.items()]
    readings += [
        Reading(key, STATUS[c.read], key in named, 0, 0, c.why)
        for key, c in known.candidates.items()
        if key in papers
    ]
    return sorted(readings, key=lambda r: (-r.votes, r.key))


def _typed(source: Source, defines: bool, votes: Mapping[str, int]) -> Reading:
    numbers = len(source.tables)
    given = votes.get(source.key, 0)
    parts = (source.missing, source.read_from and f"read in {source.read_from}")
    why = "; ".join(filter(None, parts))
    return Reading(source.key, STATUS[source.read], defines, numbers, given, why)


def flow(readings: Sequence[Reading], excluded: int, verdicts: int) -> Flow:
    """Return how many publications are left at each step.

    Args:
        readings: What has been read.
        excluded: How many were left out before.
        verdicts: How many verdicts have a vote.
    """
    unread = sum(r.status == STATUS["no"] for r in readings)
    abstract = sum(r.status == STATUS["abstract"] for r in readings)
    whole = [r for r in readings if r.status in (STATUS["whole"], STATUS["part"])]
    typed = [r for r in whole if r.tables or r.votes]
    return Flow(
        known=len(readings) + excluded,
        defining=sum(r.defines for r in readings),
        excluded=excluded,
        wanted=len(readings),
        unread=unread,
        abstract=abstract,
        read=len(whole),
        nothing=len(whole) - len(typed),
        typed=len(typed),
        part=sum(r.status == STATUS["part"] for r in typed),
        tables=sum(r.tables for r in typed),
        voting=sum(bool(r.votes) for r in typed),
        by_abstract=sum(bool(r.votes) for r in readings if r.status == STATUS["abstract"]),
        verdicts=verdicts,
    )
