"""The engine of all studies: sweeps, resuming, tables; and every study's committed runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from math import inf, log10
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from scripts.bootstrap import ROOT
from scripts.studies import atlas, changes, english_changes, merging, reach, real_changes
from scripts.studies.adapting import Method, Settings
from scripts.studies.rows import Done, Make, Row, Table, append, logged, read
from scripts.studies.study import Beyond, Cell, Run, Study, best, next_rates

SEEDS = (1, 2, 3)
LORA, OTHER = ("lora",), ("other",)
NAMES = [
    path.stem
    for path in sorted((ROOT / "scripts" / "studies").glob("*.py"))
    if "\ndef study()" in path.read_text("utf-8")
]
UNDER_WAY = {"replication"}  # registered; its runs are being made


@dataclass(frozen=True)
class Toy(Settings):
    """Settings of a run that nothing is trained by."""

    draw: int = 0
    protocol = ("toy", 1)


def settings(run: Run, rate: float) -> Toy:
    return Toy(Method(run.where[0]), "text", rate, run.seed, run.phase, run.draw)


def came(run: Toy, lowest: float = -2.0) -> dict[str, Any]:
    loss = abs(log10(run.rate) - lowest)
    return {"validation": loss, "test": loss + run.seed, "status": "done"}


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., Study]:
    def made(*cells: Cell, train: Callable[[Toy], Mapping[str, Any]] = came, **more: Any) -> Study:
        columns = ("who", "draw", "rate", "seed", "phase", "validation", "test", "status", "key")
        usual: dict[str, Any] = {"measured": ("validation", "test"), "logs": tmp_path}
        return Study("toy", ("who",), columns, cells, settings, train,
                     folder=tmp_path, **usual | more)  # fmt: skip

    return made


Build = Callable[..., Study]


def play(study: Study) -> dict[Run, Row]:
    """Make all that is due, without Dask."""
    done: dict[Run, Row] = {}
    for _ in range(20):
        due = [run for cell in study.cells for run in study.due(cell, done)]
        done |= {run: study.row(run, study.train(study.of(run))) for run in due}
    assert not due
    return done


def steps(done: Mapping[Run, Row], phase: str, where: tuple[str, ...] = LORA) -> set[int]:
    return {run.step for run in done if (run.where, run.phase) == (where, phase)}


# Sweeps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [(-5, -4, -3), (-6, -4, -2)])
def test_a_sweep_has_tried_both_neighbours_of_its_best_rate(first: tuple[int, ...]) -> None:
    for lowest in (-9, -5, -4, 0):
        tried: dict[int, float] = {}
        while rates := next_rates(first, tried, 15):
            tried |= {k: abs(k - lowest + 0.1) for k in rates}
        assert best(tried) == lowest
        assert {lowest - 1, lowest + 1} <= tried.keys()


def test_a_sweep_ends_at_its_most_and_leaves_what_diverged(toy: Build) -> None:
    cell = Cell(LORA, SEEDS, guess=-4)
    endless = play(toy(cell, train=lambda run: came(run, lowest=9.0), most=7))
    assert len(steps(endless, "sweep")) == 7

    def diverging(run: Toy) -> dict[str, Any]:
        return came(run, lowest=9.0) | {"status": "done" if run.rate < 1e-3 else "diverged"}

    found = play(toy(cell, train=diverging))
    assert steps(found, "final") == {-7}
    assert steps(found, "sweep") == {-8, -7, -6, -5, -4, -3}


def test_two_seeds_decide_together_and_one_that_diverges_speaks_for_both(toy: Build) -> None:
    def train(run: Toy) -> dict[str, Any]:
        low = run.rate < 4e-3  # where one seed is lucky, and the other one is not
        luck = {20: -0.2, 21: 0.9}.get(run.seed, 0.0) * low
        bad = run.seed == 21 and run.rate > 2e-2
        loss = came(run)["validation"] + luck
        return came(run) | {"validation": loss, "status": "diverged" if bad else "done"}

    study = toy(Cell(LORA, SEEDS, guess=-4), train=train, sweep_seeds=(20, 21))
    done = play(study)
    tried = study.swept(study.cells[0], done)
    assert tried == {-5: pytest.approx(0.85), -4: 0, -3: inf}
    assert {run.seed for run in done if run.phase == "sweep"} == {20, 21}
    assert steps(done, "final") == {-4}


def test_seeds_come_after_the_sweep_and_rates_come_from_where_the_plan_says(toy: Build) -> None:
    cells = (
        Cell(LORA, SEEDS, guess=-4),
        Cell(OTHER, SEEDS, like=LORA),
        Cell(("near",), SEEDS, guess=0, near=LORA, first=(-1, 1)),
        Cell(("settled",), SEEDS, settled=-6),
    )
    study = toy(*cells, train=lambda run: came(run, -1.5))
    first, alike, near, settled = (study.due(cell, {}) for cell in cells)
    assert [(run.step, run.phase) for run in first] == [(k, "sweep") for k in (-5, -4, -3)]
    assert (alike, near) == (first, [])
    assert settled == [Run(("settled",), -6, seed, "final") for seed in SEEDS]
    done = play(study)
    assert steps(done, "final") == steps(done, "final", OTHER) == {-3}
    assert steps(done, "sweep", OTHER) == set()
    assert steps(done, "sweep", ("near",)) == {-5, -4, -3, -2}
    some = {run: row for run, row in done.items() if run != Run(LORA, -3, 2, "final")}
    assert study.due(cells[0], some) == [Run(LORA, -3, 2, "final")]


def test_runs_beyond_the_best_rate_are_made_where_no_phase_has_them(toy: Build) -> None:
    wide = tuple(Beyond("width", 0, k) for k in range(-6, 1))
    above, transfer = Beyond("benchmark", 0, 3, LORA), Beyond("transfer", 1, -6)
    for guess, moved in ((-4, {-6}), (-6, {-6})):
        cells = (
            Cell(LORA, SEEDS, guess=guess, beyond=(*wide, transfer)),
            Cell(OTHER, SEEDS, guess=-4, beyond=(above,)),
        )
        done = play(toy(*cells, train=lambda run: came(run, -2.0 if run.method.slug else 0)))
        assert steps(done, "sweep") | steps(done, "width") == set(range(-6, 1)) | {guess - 1}
        assert not steps(done, "sweep") & steps(done, "width")
        assert steps(done, "transfer") == moved
        assert steps(done, "benchmark", OTHER) == {-1}
    at_its_own = toy(Cell(LORA, SEEDS, settled=-6, beyond=(transfer,)))
    assert steps(play(at_its_own), "transfer") == set()


# Resuming -----------------------------------------------------------------------------------------


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0"
    ) as found:
        yield found


def out_of_luck(run: Toy) -> dict[str, Any]:
    if run.seed == 3:
        raise RuntimeError("out of luck")
    return came(run)


def test_a_study_that_was_broken_off_goes_on_where_it_was(toy: Build, client: Client) -> None:
    cells = (Cell(LORA, SEEDS, guess=-4), Cell(OTHER, SEEDS, like=LORA))
    failed = toy(*cells, train=out_of_luck).advance(client, cells)
    assert len(failed) == 2
    assert "out of luck" in failed[0]
    study = toy(*cells)
    whole = study.log.read_text("utf-8")
    study.log.write_text(whole[:-20], "utf-8")  # broken within a line
    assert len(logged(study.log)) == 3 + 2 * 2 - 1
    assert study.advance(client, cells) == []
    assert len(logged(study.log)) == len(study.done()) == 3 + 2 * 3
    study.tabulate()
    study.log.unlink()
    assert study.advance(client, cells) == []
    assert not study.log.exists()  # what is committed is enough
    more = replace(study, cells=(*cells, Cell(("new",), SEEDS, settled=-4)))
    assert more.advance(client, more.cells) == []
    assert {row["who"] for row in logged(study.log)} == {"new"}
    assert len(more.done()) == 3 + 2 * 3 + 3  # the table and the log


def test_a_rate_is_chosen_when_its_sweep_has_ended(toy: Build, client: Client) -> None:
    losses = {-6: 1.0, -5: 0.3, -4: 0.5, -3: 0.1, -2: 1.0}  # the best comes after another good one

    def by_step(run: Toy) -> dict[str, Any]:
        return came(run) | {"validation": losses[round(2 * log10(run.rate))]}

    cells = (Cell(LORA, SEEDS, guess=-4, first=(-2, 0, 2)), Cell(OTHER, SEEDS, like=LORA))
    study = toy(*cells, train=by_step)
    assert study.advance(client, cells) == []
    assert steps(study.done(), "final") == steps(study.done(), "final", OTHER) == {-3}


def rows_of(name: str, sums: list[str]) -> Iterator[dict[str, Any]]:
    sums.append(name)
    yield from ({"a": name, "b": k / 3} for k in (1, 2))


def test_a_table_makes_what_it_lacks_in_the_order_of_what_is_due(tmp_path: Path) -> None:
    made: list[str] = []

    def due(done: Done) -> Iterator[tuple[tuple[str, ...], Make]]:
        for name in ("early", "first", "late"):
            if name != "late" or ("first",) in done:
                yield (name,), partial(rows_of, name, made)

    table = Table(tmp_path / "table.csv", ("a",), due, digits=3, head=("a comment",))
    table.fill(only="first")
    assert table.path.read_text("utf-8") == "# a comment\na,b\nfirst,0.333\nfirst,0.667\n"
    table.fill()
    table.fill()
    assert made == ["first", "early", "late"]  # what is committed is not made again
    assert [row["a"] for row in read(table.path)][::2] == ["early", "first", "late"]


TABLES = {
    table.path.stem: table
    for table in (
        *(atlas.TABLE, changes.CUT, changes.REACH, english_changes.TABLE, merging.TABLE),
        *(reach.TABLE, *real_changes.TABLES),
    )
}


@pytest.mark.parametrize("name", TABLES)
def test_committed_tables_lack_nothing_and_have_nothing_else(name: str) -> None:
    table = TABLES[name]
    done = table.done()
    assert {where for where, _ in table.due(done)} == done.keys()


# The table ----------------------------------------------------------------------------------------


def test_rows_of_other_settings_and_of_no_cell_are_not_taken(toy: Build) -> None:
    study = toy(Cell(LORA, SEEDS, settled=-4), Cell(OTHER, SEEDS, settled=-4))
    for row in play(study).values():
        append(row, study.log)
    assert len(study.done()) == 6
    assert len(replace(study, cells=study.cells[:1]).done()) == 3

    def otherwise(run: Run, rate: float) -> Toy:
        return replace(settings(run, rate), task="another text")

    assert replace(study, settings=otherwise).done() == {}


def test_seeds_at_a_rate_that_a_sweep_has_left_behind_are_no_part_of_the_table(toy: Build) -> None:
    study = toy(Cell(LORA, SEEDS, guess=-4))
    done = play(study)
    stale = [Run(LORA, -5, seed, "final") for seed in SEEDS]
    for run in (*done, *stale):
        append(study.row(run, came(settings(run, 10 ** (run.step / 2)))), study.log)
    study.tabulate()
    assert [row["key"] for row in read(study.table)] == [
        study.of(run).key for run in sorted(done, key=lambda r: (r.phase != "sweep", *r[1:3]))
    ]


def test_a_run_of_the_table_is_made_again_and_compared(toy: Build) -> None:
    study = toy(Cell(LORA, SEEDS, guess=-4))
    for row in play(study).values():
        append(row, study.log)
    study.tabulate()
    rows = read(study.table)
    line = study.again(rows[0]["key"][:12])
    assert line.startswith(f"{rows[0]['key']}: validation: 0.5, in the table 0.5; test")
    assert len(set(study.drawn(4))) == 4
    off = replace(study, train=lambda run: came(run) | {"test": came(run)["test"] + 0.01})
    with pytest.raises(SystemExit, match="Not the same: test"):
        off.again(rows[0]["key"])
    lost = replace(study, train=lambda run: came(run) | {"test": float("nan")})
    with pytest.raises(SystemExit, match="Not the same: test"):
        lost.again(rows[0]["key"])
    for wrong in ("", "no key"):
        with pytest.raises(SystemExit, match=f"0 rows of toy.csv .* begins with '{wrong}'"):
            study.again(wrong)


def test_the_command_line_says_what_is_missing(
    toy: Build, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = toy(Cell(LORA, SEEDS, guess=-4), Cell(OTHER, SEEDS, settled=-4))

    def main(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["toy", *arguments])
        study.main()
        return capsys.readouterr().out

    assert main("--plan") == "2 cells: 0 runs are made, 6 can be started\n"
    assert main("--plan", "--only", "oth").startswith("1 cells: 0 runs")
    with pytest.raises(SystemExit, match="--only='nobody': no cell has this"):
        main("--only", "nobody")


@pytest.mark.parametrize("name", NAMES)
def test_committed_runs_are_those_of_the_plan_and_none_is_missing(
    name: str, tmp_path: Path
) -> None:
    study: Study = import_module(f"scripts.studies.{name}").study()
    done = study.done()
    assert len(done) == len(read(study.table))
    sweeps = {run: row for run, row in done.items() if run.phase == "sweep"}
    due = {run for cell in study.cells for run in study.due(cell, sweeps)}
    assert due >= (made := done.keys() - sweeps.keys())
    assert due == made or name in UNDER_WAY
    assert len({study.of(run).key for run in done}) == len(done)
    here = replace(study, folder=tmp_path, logs=tmp_path)
    if done:
        here.table.write_bytes(study.table.read_bytes())
        here.tabulate()
        assert here.table.read_bytes() == study.table.read_bytes()
