"""Two programs, one rule: the site's, and one written from the rubric's text alone, agree."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scripts.catalog import read
from scripts.survey.sources.rule import DIMENSIONS
from tests.scripts.catalog import second_reader

READ = second_reader.everything()
GRADED = [m.slug for m in read().methods.values() if m.graded]


def test_it_shares_no_code_with_the_site() -> None:
    text = Path(second_reader.__file__).read_text("utf-8")
    assert "scripts" not in text.partition("\nDOCS")[0]


def test_it_reads_the_same_pages() -> None:
    assert sorted(READ) == sorted(GRADED)
    assert {slug for slug, (unread, _) in READ.items() if unread} == {
        m.slug for m in read().methods.values() if m.graded and m.unread
    }


@pytest.mark.parametrize("slug", GRADED)
def test_it_finds_the_same_units_and_the_same_verdicts(slug: str) -> None:
    m = read().methods[slug]
    unread, units = READ[slug]
    theirs = Counter((*u[:2], "" if u.dimension == "WA" else u.what, *u[3:]) for u in units)
    ours = Counter(
        (
            f.dimension, f.source_key, "" if f.dimension == "WA" else f.unit,
            f.finding, f.run_by, f.strength,
        )
        for f in m.findings
    )  # fmt: skip
    assert ours == theirs
    for dimension in DIMENSIONS:
        found = [u for u in units if u.dimension == dimension]
        v = m.verdicts[dimension]
        f, a = second_reader.sums(dimension, found)
        assert pytest.approx((float(f), float(a))) == (v.F, v.A), dimension
        assert second_reader.verdict(dimension, found, unread) == (v.word, v.leaning), dimension
