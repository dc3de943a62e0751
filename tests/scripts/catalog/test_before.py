"""Nothing changes by accident: every verdict that is another one now has its cause."""

from __future__ import annotations

import pytest

from scripts.catalog import read
from scripts.catalog.before import changes, read_before

BEFORE = read_before()
METHODS = read().methods
CHANGES = {f"{c.method.slug} {c.dimension}": c for c in changes(METHODS.values(), BEFORE)}


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
