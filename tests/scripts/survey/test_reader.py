"""The reader of results: records of a table's rows, and differences that are paired by seed."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.survey.facts.reader import by_seed, paired, rows
from scripts.survey.facts.records import CatalogError


class Run(NamedTuple):
    seed: int
    phase: str
    loss: float | None
    curve: tuple[float, ...] = ()


TABLE = """# a comment
phase,seed,loss,curve,key
final,2,1.5,1 2,a
sweep,0,,,b
final,1,1.0,3,c
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "runs.csv"
    path.write_text(TABLE, "utf-8")
    return path


def test_rows_are_records_of_what_is_asked_for(table: Path) -> None:
    assert rows(Run, table)[1] == Run(0, "sweep", None)
    assert by_seed(Run, table, phase="final") == {
        2: Run(2, "final", 1.5, (1.0, 2.0)),
        1: Run(1, "final", 1.0, (3.0,)),
    }
    assert rows(Run, table, phase="final", seed=3) == []


def test_a_cell_that_is_none_of_its_kind_is_named(table: Path) -> None:
    table.write_text(TABLE.replace("1.5", "much"), "utf-8")
    with pytest.raises(CatalogError, match=r"runs.csv, row 1: loss: could not .* 'much'"):
        rows(Run, table)
    other = table.with_name("other.csv")
    other.write_text("seed,phase,loss\n1,final,1", "utf-8")
    with pytest.raises(CatalogError, match="there is no column curve"):
        rows(Run, other)


def test_differences_are_paired_by_seed_in_whatever_order_runs_come() -> None:
    one = {s: Run(s, "final", 10.0**s + 1) for s in (1, 2, 3)}
    other = {s: Run(s, "final", 10.0**s) for s in (3, 1, 2)}
    found = paired(one, other, lambda run: run.loss or 0)
    assert found == pytest.approx((1, 1, 1))
    apart = {s: run._replace(loss=(run.loss or 0) + s) for s, run in one.items()}
    alone, shared = (paired(apart, other, lambda run: run.loss or 0, n) for n in (1, 5))
    assert alone.mean == shared.mean == pytest.approx(3)
    assert shared.high - shared.low > 1.5 * (alone.high - alone.low)
    with pytest.raises(LookupError, match=r"seeds \[1, 2, 3\] have no pairs in those with \[1\]"):
        paired(one, {1: other[1]}, lambda run: run.loss or 0)
