"""All controls in one model: the rule of the words at its edges, and what facts read."""

from __future__ import annotations

import pytest

from scripts.survey.facts.reader import records
from scripts.survey.results import bets, together
from scripts.survey.results.together import Estimate, Word, facts, plan, word


def known(above: float, beyond: float = 0.0, below: float = 0.0) -> Estimate:
    """Return an effect of which these probabilities are known."""
    within = 1 - beyond - below
    about = ("comparison", "", "m", "c", "")
    return Estimate(*about, 0, 1, 0, 0, above, beyond, below, within, 1, 1000)


LESS, MORE, ZERO, OPEN = (
    known(0.0, 0.0, 0.96), known(1.0, 0.96), known(0.5, 0.01, 0.01), known(0.6, 0.4, 0.2),
)  # fmt: skip


@pytest.mark.parametrize(("some", "expected"), [
    ([MORE, MORE, OPEN], "supported"),
    ([OPEN, MORE, OPEN], "supported"),
    ([OPEN, known(1.0, 0.95), OPEN], "inconclusive"),  # not above 95 %
    ([OPEN, MORE, known(0.04)], "mixed"),  # below zero on the other text
    ([OPEN, MORE, known(0.05)], "supported"),
    ([ZERO, MORE, LESS], "mixed"),  # means that cancel are no lack of an effect
    ([LESS, LESS, LESS], "contradicted"),
    ([OPEN, LESS, known(0.96)], "mixed"),
    ([OPEN, OPEN, LESS], "contradicted"),
    ([ZERO, OPEN, OPEN], "no effect"),
    ([ZERO, known(0.99, 0.5), known(0.01, 0, 0.5)], "no effect"),
    ([known(0.5, 0.03, 0.02), ZERO, ZERO], "inconclusive"),
    ([ZERO, MORE, OPEN], "supported"),  # within the margin over both texts, beyond it on one
])  # fmt: skip
def test_a_word_follows_from_probabilities(some: list[Estimate], expected: Word) -> None:
    assert word(some) == expected


@pytest.mark.parametrize(("some", "expected"), [
    ([ZERO, ZERO, ZERO], "supported"),
    ([MORE, MORE, MORE], "supported"),
    ([known(0.4, 0, 0.05), ZERO, ZERO], "inconclusive"),
    ([ZERO, LESS, ZERO], "contradicted"),
    ([ZERO, LESS, MORE], "mixed"),
])  # fmt: skip
def test_a_claim_that_a_choice_does_not_matter_need_only_match(
    some: list[Estimate], expected: Word
) -> None:
    assert word(some, "level") == expected


def test_facts_say_what_the_table_has() -> None:
    told = {fact.address: fact for fact in facts()}
    for row in records(together.TABLE):
        name = f"{row['method']}, {row['control']}" if row["method"] else row["kind"]
        name += ", any" * (row["what"] == "any")
        fact = told[f"together: {name}, {row['task'] or 'both'}"]
        assert (fact.value, fact.low, fact.high) == tuple(
            float(row[column]) for column in ("mean", "low", "high")
        )
    words = {bet.method: told[f"together: {bet.method}, word"].text for bet in bets.bets()}
    for method, one in words.items():
        assert told[f"together: {method}, supported"].text.startswith(f"{one}, on code and a novel")
    for one in set(words.values()):
        assert told[f"together: words, {one}"].value == [*words.values()].count(one)


def test_every_comparison_of_a_kind_is_there_once_and_the_sampler_was_done() -> None:
    named = [name for kind in plan().kinds.values() for name in (*kind.plus, *kind.minus)]
    rows = [row for row in records(together.TABLE) if row["what"] == "comparison"]
    assert len(named) == len(set(named))
    assert {f"{row['method']}: {row['control']}" for row in rows} >= {*named}
    assert max(float(row["rhat"]) for row in records(together.TABLE)) < 1.01
    assert min(float(row["draws"]) for row in records(together.TABLE)) > 1000
