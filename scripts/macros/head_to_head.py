"""The page of comparisons: who is ahead of whom, in whose tables, and what does not add up."""

from __future__ import annotations

from functools import cache

from scripts.bootstrap import ROOT
from scripts.macros.figures import Lane, Row, Rows, Value, around
from scripts.macros.page import Part, catalog, macro, names
from scripts.survey.facts.pair import read_models
from scripts.survey.facts.papers import flags, read_tables
from scripts.survey.facts.say import count, percent
from scripts.survey.sources import forest
from scripts.survey.sources.head_to_head import (
    Comparison,
    Outcome,
    comparisons,
    home_field,
    leads,
    leads_of,
    outcomes,
    within_budget,
)


@cache
def _comparisons() -> list[Comparison]:
    return list(comparisons(read_tables(), [*catalog().names()], read_models(ROOT)))


@cache
def _outcomes() -> list[Outcome]:
    return list(outcomes(read_tables(), [*catalog().names()], read_models(ROOT)))


def outcomes_beside_lora() -> list[Outcome]:
    return [unit for unit in _outcomes() if unit.baseline == "lora"]


@cache
def beside_lora_without_authors() -> list[Outcome]:
    """Return the units against LoRA of sources that print no method of their own.

    These are PEFT's benchmark and this site's experiment.
    """
    printed = {source.key for source in read_tables()}
    sources = [source for source in forest.sources() if source.key not in printed]
    found = outcomes(sources, [*catalog().names()], read_models(ROOT))
    return [unit for unit in found if unit.baseline == "lora"]


class HeadToHead(Part):
    @macro("text")
    def home_field(self) -> str:
        """The home-field figure, and what it says in a sentence."""
        found = outcomes_beside_lora()
        field, rows, called = home_field(found), leads(found), names()
        third = {
            m: lead for m, lead in leads_of(beside_lora_without_authors()).items() if m in rows
        }
        spread = [value for pair in rows.values() for lead in pair for value in lead[:3]]
        spread += [value for lead in third.values() for value in lead[:3]]
        figure = Rows(
            "Each method’s mean lead over LoRA, as a multiple of the spread of its suite (the root"
            " mean square of all differences to LoRA there). Lines are 95 % intervals, a bootstrap"
            " over papers",
            around("mean lead over LoRA, in spreads of the suite", spread),
            0, ("← behind LoRA", "ahead of it →"),
            [
                Row(called[m][0], tuple(v and Value(*v[:3]) for v in (*pair, third.get(m))))
                for m, pair in rows.items()
            ],
            [Lane("in its own authors’ papers", kind="own"),
             Lane("in papers by others", hollow=True, kind="others"),
             Lane("in PEFT’s benchmark and our experiment", "diamond", kind="full")],
            f"Methods are ahead of LoRA in {percent(field.home)} of the units of their own"
            f" authors’ papers, in {percent(field.away)} of others’, on average",
            broad=True,
        )  # fmt: skip
        ratios = [unit.ratio for unit in found if unit.ratio is not None]
        fair = home_field(within_budget(found))
        given = (field, rows, called, fair, max(ratios), len(ratios) / len(found), third)
        return self.page.figure(figure) + self.page.draw("home_field", *given)

    @macro("list")
    def flagged(self) -> str:
        return self.page.draw("flagged", list(flags(read_tables())))

    @macro("text")
    def compared(self) -> str:
        found = _comparisons()
        sources = {row.source_key for row in found}
        return f"{count(len(found))} comparisons of two cells from {len(sources)} sources"
