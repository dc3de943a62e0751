"""Two readers: who was drawn, that every difference is told, and that what was kept is typed."""

from __future__ import annotations

import pytest

from scripts.survey.papers import read_tables
from scripts.survey.second import agreements, compared, covered, kappa, typed

SECOND, PAIRS = compared()
SOURCES = {source.key: source for source in read_tables()}


def test_the_sources_are_those_that_the_seed_gives() -> None:
    assert list(SECOND.typings) == sorted(SECOND.drawn.draw())
    assert set(SECOND.drawn.of) <= SOURCES.keys()


@pytest.mark.parametrize("key", SECOND.typings)
def test_every_table_of_a_source_is_typed_once(key: str) -> None:
    found = [t.id for typing in SECOND.typings[key] for t in covered(SOURCES[key], typing)]
    assert sorted(found) == sorted(t.id for t in SOURCES[key].tables)


def test_every_difference_is_told_and_every_one_that_is_told_is_one() -> None:
    differ = {(p.source, p.typing.tables, p.field) for p in PAIRS if p.first != p.second}
    told = [(d.source, d.tables, d.field) for d in SECOND.differences]
    assert sorted(differ) == sorted(told)
    says = {(p.source, p.typing.tables, p.field): p for p in PAIRS}
    for d in SECOND.differences:
        pair = says[d.source, d.tables, d.field]
        assert (pair.first, pair.second) == (d.first, d.second)
        kept = d.first if d.kept == "first" else d.second
        assert typed(covered(SOURCES[d.source], pair.typing), d.field) == kept


def test_agreement_counts_each_judgement_once() -> None:
    judgements = sum(map(len, SECOND.typings.values()))
    for a in agreements(SECOND, PAIRS):
        assert (a.n, a.blind) == (judgements, a.field in ("seeds", "copied"))
        assert a.agreed <= a.n
        assert a.kappa <= 1


def test_kappa_is_nought_by_chance_and_less_where_readers_contradict_each_other() -> None:
    assert kappa([("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]) == pytest.approx(0)
    assert kappa([("a", "b"), ("b", "a")]) == pytest.approx(-1)
    assert kappa([("a", "a")]) == 1
