"""Certainty is monotone: support never lowers it, a worse source never raises it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.survey.sources.bias import DOMAINS, GROUPS, RISKS, Group, Judgement, Risk, overall
from scripts.survey.sources.certainty import GRADES, MATTERS, Certainty, Evidence, certainty, word
from scripts.survey.statistics.pool import Pooled, pooled

Found = tuple[float, Group, Risk]
WHO = st.sampled_from([group for group in GROUPS if group != "here"])
WORSE: tuple[Risk, ...] = ("low", "some", "high")
RISK: st.SearchStrategy[Risk] = st.sampled_from(WORSE)
FOUND = st.tuples(st.floats(-20, 20), WHO, RISK)
SOURCES = st.lists(FOUND, min_size=1, max_size=9)
SPREAD = st.floats(0.05, 20)


def graded(found: Sequence[Found], spread: float, models: int = 2, suites: int = 2) -> Certainty:
    """Return the certainty of sources that are all as precise."""
    effects = [effect for effect, _, _ in found]
    mean = pooled(effects, [spread] * len(effects)) if len(effects) > 2 else None
    groups, risks = [who for _, who, _ in found], [risk for _, _, risk in found]
    return certainty(Evidence(groups, risks, mean, models, suites))


@given(
    st.lists(FOUND, min_size=1, max_size=9), SPREAD, st.sampled_from(["independents", "benchmark"])
)
def test_an_independent_source_of_low_risk_that_finds_the_same_never_lowers_it(
    found: list[Found], spread: float, who: Group
) -> None:
    effects = [effect for effect, _, _ in found]
    mean = sum(effects) / len(effects)  # what is pooled where all are as precise
    before, after = graded(found, spread), graded([*found, (mean, who, "low")], spread)
    assert after.value >= before.value
    assert graded(found, spread, models=1).value <= before.value


@given(SOURCES, SPREAD, st.data())
def test_a_source_that_gets_worse_never_raises_it(
    found: list[Found], spread: float, data: st.DataObject
) -> None:
    i = data.draw(st.integers(0, len(found) - 1))
    effect, who, risk = found[i]
    worse = data.draw(RISK.filter(lambda other: RISKS.index(other) >= RISKS.index(risk)))
    changed = [*found[:i], (effect, who, worse), *found[i + 1 :]]
    assert graded(changed, spread).value <= graded(found, spread).value


@given(SOURCES, SPREAD)
def test_what_only_its_authors_print_is_of_low_certainty_at_best(
    found: list[Found], spread: float
) -> None:
    own: list[Found] = [(effect, "authors", risk) for effect, _, risk in found]
    assert graded(own, spread).value <= GRADES.index("low")


def test_each_reason_is_one_grade() -> None:
    clear: list[Found] = [
        (5.0, "independents", "low"),
        (5.2, "rivals", "low"),
        (4.8, "rivals", "low"),
    ]
    assert graded(clear, 0.1) == Certainty("high", "high", ())
    assert graded(clear[1:], 0.1).domains == ["inconsistency", "imprecision"]
    assert graded(clear, 0.1, suites=1).domains == ["indirectness"]
    assert graded([(e, who, "some") for e, who, _ in clear], 0.1).domains == ["risk of bias"]
    assert graded([(e, who, "high") for e, who, _ in clear], 0.1).grade == "low"
    wide: list[Found] = [
        (-9.0, "independents", "low"),
        (9.0, "rivals", "low"),
        (1.0, "rivals", "low"),
    ]
    assert graded(wide, 0.1).domains == ["inconsistency", "imprecision"]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.1, 9, "ahead"), (-9, -0.1, "behind"), (-1, MATTERS, "level"), (-1, 2.1, "not told apart")],
)
def test_an_effect_has_the_word_of_its_interval(low: float, high: float, expected: str) -> None:
    assert word(Pooled(0, low, high, 0, low, high, ())) == expected
    assert word(None) == "not pooled"


def test_the_risk_over_all_domains_never_falls_when_one_gets_worse() -> None:
    for risks in product(WORSE, repeat=4):
        base = {domain: Judgement("low", "") for domain in DOMAINS}
        found = base | {d: Judgement(r, "") for d, r in zip(DOMAINS, risks, strict=False)}
        for domain, judgement in found.items():
            for worse in RISKS[RISKS.index(judgement.risk) :]:
                changed = overall(found | {domain: Judgement(worse, "")})
                assert RISKS.index(changed) >= RISKS.index(overall(found))
