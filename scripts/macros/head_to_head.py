"""The page of comparisons: who is ahead of whom, in whose tables, and what does not add up."""

from __future__ import annotations

from functools import cache

from scripts.bootstrap import ROOT
from scripts.macros.page import Part, catalog, macro
from scripts.survey.facts.pair import read_models
from scripts.survey.facts.papers import flags, read_tables
from scripts.survey.facts.say import count
from scripts.survey.sources.head_to_head import (
    Comparison,
    Outcome,
    comparisons,
    outcomes,
)


@cache
def _comparisons() -> list[Comparison]:
    return list(comparisons(read_tables(), [*catalog().names()], read_models(ROOT)))


@cache
def _outcomes() -> list[Outcome]:
    return list(outcomes(read_tables(), [*catalog().names()], read_models(ROOT)))


def outcomes_beside_lora() -> list[Outcome]:
    return [unit for unit in _outcomes() if unit.baseline == "lora"]


class HeadToHead(Part):
    @macro("list")
    def flagged(self) -> str:
        return self.page.draw("flagged", list(flags(read_tables())))

    @macro("text")
    def compared(self) -> str:
        found = _comparisons()
        sources = {row.source_key for row in found}
        return f"{count(len(found))} comparisons of two cells from {len(sources)} sources"
