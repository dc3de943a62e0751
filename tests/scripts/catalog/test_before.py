"""Nothing changes by accident: every verdict that is another one now has its cause."""

from __future__ import annotations

import pytest

from scripts.catalog import read
from scripts.catalog.before import changes, read_before
from scripts.survey.sources.rule import by_others
from tests.scripts.catalog import old_rule

BEFORE = read_before()
METHODS = read().methods
CHANGES = {f"{c.method.slug} {c.dimension}": c for c in changes(METHODS.values(), BEFORE)}


def test_the_old_rule_gives_the_old_words() -> None:
    for slug, verdicts in BEFORE.verdicts.items():
        for dimension, (word, leaning, f, a) in verdicts.items():
            if dimension == "WA":
                assert old_rule.adopted(f) == (word, leaning), slug
            else:  # whether others found it too is not in the file
                expected = old_rule.judged(f, a, others=word == "confirmed")
                assert expected == (word, leaning), (slug, dimension)


def test_every_change_has_a_cause_and_every_cause_a_change() -> None:
    without = [name for name, change in CHANGES.items() if not change.causes]
    assert not without
    assert BEFORE.because.keys() <= CHANGES.keys()
    used = {cause for change in CHANGES.values() for cause in change.causes}
    assert used == BEFORE.causes.keys()


@pytest.mark.parametrize("name", BEFORE.because)
def test_what_is_put_down_to_evidence_is_not_the_words_alone(name: str) -> None:
    _, _, f, a = CHANGES[name].old
    now = CHANGES[name].now
    assert (round(now.F, 3), round(now.A, 3)) != (f, a)


def test_with_the_old_words_only_new_evidence_changes_a_verdict() -> None:
    for slug, verdicts in BEFORE.verdicts.items():
        for dimension, (word, leaning, *_) in verdicts.items():
            m = METHODS[slug]
            now = m.verdicts[dimension]
            if dimension == "WA":
                again = old_rule.adopted(now.F)
            else:
                again = old_rule.judged(now.F, now.A, by_others(m.found(dimension)))
            if again != (word, leaning):
                assert f"{slug} {dimension}" in BEFORE.because
