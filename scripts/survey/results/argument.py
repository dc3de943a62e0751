"""The premises of the source survey's argument, the credences of its author, and what came out.

argument/premises: Layers need different ranks, credence    so `word`, `why`, `step`; where it
    was tested, `supported`, `contradicted` or `open`: the credence above even, in points
argument: all, premises     how many steps there are; so `tested`; of premises alone
                            `settled`, `supported`
argument: all, brier        the mean squared error of the credences of settled premises
argument: all, credence     their mean
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Literal

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.records import Record, Text, read_yaml

SOURCE = "argument"
FILE = ROOT / "docs" / "data" / "argument.yml"
SETTLED = ("contradicted", "supported")


class Premise(Record):
    says: Text
    credence: float = Field(gt=0, lt=1)
    word: Literal["supported", "mixed", "inconclusive", "contradicted", "not tested"]
    why: Text
    step: Literal["premise", "inference"] = "premise"


class Argument(Record):
    repository: Text
    commit: Text
    premises: tuple[Premise, ...]


def facts() -> Iterator[Fact]:
    fact = Maker(SOURCE, "docs/data/argument.yml")
    premises = read_yaml(Argument, FILE).premises
    for one in premises:
        where = ("premises", one.says)
        yield fact(*where, "credence", one.credence, "0 %")
        yield from (fact(*where, name, getattr(one, name)) for name in ("word", "why", "step"))
        if one.word != "not tested":
            lane = one.word if one.word in SETTLED else "open"
            above = 100 * one.credence - 50
            yield fact(*where, lane, (above, above, above), "+0")
            yield fact(*where, "tested", one.credence, "0 %")
    tested = [one for one in premises if one.word != "not tested"]
    settled = [one for one in tested if one.word in SETTLED and one.step == "premise"]
    supported = [one.word == "supported" for one in settled]
    yield fact("", "all", "premises", len(premises))
    yield fact("", "all", "tested", len(tested))
    yield fact("", "all", "settled", len(settled))
    yield fact("", "all", "supported", sum(supported))
    yield fact("", "all", "credence", fmean(one.credence for one in settled), "0 %")
    errors = ((one.credence - true) ** 2 for one, true in zip(settled, supported, strict=True))
    yield fact("", "all", "brier", fmean(errors), "2")
