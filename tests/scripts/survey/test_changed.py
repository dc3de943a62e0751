"""No number of a committed table changes without a line that says when and why."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from scripts.bootstrap import ROOT
from scripts.survey import changed
from scripts.survey.changed import Change, Line, between, of_source
from scripts.survey.records import CatalogError

DAY = date(2026, 1, 2)
PRINTED = """
authors_of: [dora]
tables:
  - id: table-1
    place: Table 1
    metrics: [RTE, average]
    rows:
      - {method: lora, setting: r = 8, values: "86.6 –"}
      - {method: dora, values: "87.0 90.1"}
"""
CELL = Change("liu2024/table-1", "dora", "RTE", "87.0", "87.9")


def now(old: str, new: str) -> list[Change]:
    """Return what has changed where one text of PRINTED is another one."""
    assert old in PRINTED
    return [
        *between(of_source("liu2024", PRINTED), of_source("liu2024", PRINTED.replace(old, new)))
    ]


def test_every_changed_number_has_a_line() -> None:
    missing = changed.unlogged()
    command = 'python -m scripts.survey changed "Its cause."'
    assert not missing, f"{len(missing)} have none, such as {missing[0]}: {command}"


def test_every_committed_table_has_a_key_by_which_rows_are_told_apart() -> None:
    committed = {f"docs/data/{path.name}" for path in (ROOT / "docs/data").glob("*.csv")}
    assert committed == {changed.FILE, *changed.kept()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("run,improvement\na,1.5\nb,2.5\n", []),  # the same column, called otherwise
        ("run,improvement\na,1.5\n", [("b", "", "there", "gone")]),
        ("run,improvement\na,1.5\nb,\n", [("a", "gain", "1.5", ""), ("b", "gain", "2.5", "")]),
        ("run,other\na,1.5\nb,2.75\n", [("a", "gain", "1.5", ""), ("b", "gain", "2.5", "")]),
    ],
)
def test_a_column_may_be_called_otherwise(text: str, found: list[tuple[str, ...]]) -> None:
    table = changed.Kept("runs", "Runs", ("run",), "runs/")
    old, new = (changed.of_csv(table, csv) for csv in ("run,gain\na,1.5\nb,2.5\n", text))
    assert [*between(old, new)] == [Change("runs", *row) for row in found]


def test_two_columns_do_not_become_one() -> None:
    table = changed.Kept("runs", "Runs", ("run",), "runs/")
    old, new = (
        changed.of_csv(table, text)
        for text in ("run,gain,share\na,1,1\n", "run,improvement\na,1\n")
    )
    assert [*between(old, new)] == [Change("runs", "a", "share", "1", "")]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("87.0", "87.9", [CELL]),
        ("90.1", "–", [CELL._replace(column="average", before="90.1", after="")]),
        ("86.6 –", "86.6 88.0", []),  # added
        ("r = 8", "r = 16", []),  # the same row, called otherwise
        (
            "place: Table 1",
            "rates: shared",
            [Change("liu2024/table-1", "", "rates", "unknown", "shared")],
        ),
        (
            "{method: dora",
            "{method: lora",
            [CELL._replace(column="", before="there", after="gone")],
        ),
        ("[dora]", "[]", [Change("liu2024", "", "authors_of", "dora", "")]),
    ],
)
def test_what_is_a_change(old: str, new: str, found: list[Change]) -> None:
    assert now(old, new) == found


def test_many_numbers_of_a_column_have_one_line_which_shows_the_largest_change() -> None:
    many = [Change("runs", f"{i}", "gain", "0.5", f"0.{50 + i}") for i in range(30)]
    (line,) = changed.lines(many, "Why.", DAY)
    assert (line.row, line.numbers, line.after) == ("*", 30, "0.79")
    assert all(line.covers(change) for change in many)
    assert not line.covers(many[0]._replace(column="loss"))


def test_a_line_tells_of_one_cell_and_of_what_stands_there_since() -> None:
    (line,) = changed.lines([CELL], "Why.", DAY)
    assert line.covers(CELL)
    assert not line.covers(CELL._replace(after="88.0"))
    assert changed.read_lines(changed.as_csv([line])) == (line,)


@pytest.mark.parametrize("wrong", [{"cause": " "}, {"date": "soon"}, {"numbers": "0"}])
def test_a_line_without_cause_day_or_number_is_an_error(wrong: dict[str, str]) -> None:
    (line,) = changed.lines([CELL], "Why.", DAY)
    row = {name: str(value) for name, value in line.model_dump().items()} | wrong
    text = ",".join(changed.COLUMNS) + "\n" + ",".join(f'"{v}"' for v in row.values())
    with pytest.raises(CatalogError, match=f"{changed.FILE}: lines.0.{next(iter(wrong))}"):
        changed.read_lines(text)


def test_what_has_changed_is_asked_of_git(tmp_path: Path) -> None:
    """A change is missing until it has its line, committed or not; an old line tells of nothing."""

    def git(*arguments: str) -> None:
        me = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *me, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def write(name: str, text: str) -> None:
        path = tmp_path / "docs/data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    old: list[Line] = [*changed.lines([CELL], "An older cause.", DAY)]
    table = "{path: data/runs.csv, title: Runs, key: [run], pages: [runs/], columns: {}}"
    write("datasets.yml", f"datasets: {{runs: {table}}}")
    write("runs.csv", "# made by hand\nrun,loss\na,1.5\nb,2.5\n")
    write("tables/liu2024.yml", PRINTED)
    write("changed.csv", changed.as_csv(old))
    git("init")
    git("add", ".")
    git("commit", "-m", "First")
    assert changed.unlogged(tmp_path) == []

    write("tables/liu2024.yml", PRINTED.replace("87.0", "87.9"))
    write("runs.csv", "run,loss\nb,2.75\nc,3.5\n")
    gone = Change("runs", "a", "", "there", "gone")
    found = [gone, Change("runs", "b", "loss", "2.5", "2.75"), CELL]
    assert changed.unlogged(tmp_path) == found
    git("commit", "-a", "-m", "Change numbers")
    assert changed.unlogged(tmp_path) == found

    write("changed.csv", changed.as_csv([*old, *changed.lines(found[:2], "Run again.", DAY)]))
    assert changed.unlogged(tmp_path) == [CELL]
