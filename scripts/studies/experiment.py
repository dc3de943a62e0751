"""Run the experiment: what is missing, on Dask; then the table.

    python3 scripts/dev.py study experiment
    python3 scripts/dev.py study experiment --scheduler tcp://10.0.0.1:8786
    python3 scripts/dev.py study experiment --table
    python3 scripts/dev.py study experiment --again e3bb146c

Every run is one line of .study/runs.jsonl and then a row of docs/data/experiment.csv, found again
by the hash of its settings: a run that is in either is not made again, and a broken off experiment
goes on where it was. Without the two all runs are made. `--again` makes one run of the table again,
by the key in its row, and says whether the same numbers come out. docs/experiment/protocol.md says
more.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from distributed import Client

from scripts.bootstrap import ROOT, say
from scripts.studies import kept, pretrain, runner
from scripts.studies.grid import METHODS, SEEDS, Cell, cells, due
from scripts.studies.kept import append as append
from scripts.studies.kept import read as read
from scripts.studies.runner import connected
from scripts.studies.training import Run, run

RUNS = ROOT / ".study" / "runs.jsonl"
TABLE = ROOT / "docs" / "data" / "experiment.csv"
EXPECTED = 4.5  # rates that a sweep takes
COLUMNS = (
    *("method", "slug", "knobs", "place", "arm", "parameters", "task", "base", "width"),
    *("batch", "steps", "rate", "seed", "phase", "validation", "test", "sibling", "held"),
    *("start_validation", "start_test", "start_held", "improvement", "forgetting"),
    *("curve_validation", "curve_held", "status", "key"),
)
NAMES = {method: name for name, method in METHODS.items()}


def taken(row: dict[str, str]) -> dict[str, Any]:
    """Return a run as it was written down, from its row of the table."""
    return written(row, again(row))


def written(row: Mapping[str, str], settings: Run) -> dict[str, Any]:
    """Return a run of these settings as it was written down, from its row of a table."""

    def value(column: str) -> float | None:
        return float(row[column]) if row[column] else None

    start = {part: value(f"start_{part}") for part in ("validation", "test", "held")}
    losses = (map(float, row[f"curve_{part}"].split()) for part in ("validation", "held"))
    return {
        **asdict(settings),
        **{part: value(part) for part in ("validation", "test", "held", "sibling")},
        "key": row["key"],
        "parameters": int(row["parameters"]),
        "start": start,
        "curve": list(zip(*losses, strict=True)),
        "status": row["status"],
    }


def known(table: Path = TABLE, path: Path = RUNS) -> dict[str, dict[str, Any]]:
    """Return all runs by their keys, of the table those that the same settings still give."""
    return kept.known(table, path, again, taken)


def expected(chosen: Iterable[Cell]) -> int:
    """Return about how many runs cells come to."""
    return round(sum(len(SEEDS) + EXPECTED * (cell.base == 0) for cell in chosen))


def advance(
    client: Client, chosen: list[Cell], table: Path = TABLE, path: Path = RUNS
) -> list[str]:
    """Make all missing runs of these cells, the first ones first, and return what failed."""
    done = known(table, path)
    total = max(expected(chosen), len(done))
    return runner.advance(client, chosen, due, done, run, path, total)


def rows(done: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the table: settings in columns, and what follows from two runs and more."""
    done = sorted(done, key=lambda r: (r["task"], r["base"], r["width"], name(r), r["phase"],
                                       r["batch"], r["rate"], r["seed"]))  # fmt: skip
    falls = defaultdict(list)
    for r in done:
        if r["method"]["slug"] == "full" and r["phase"] == "final":
            falls[where(r)].append(r["start"]["test"] - r["test"])
    return [row(r, name(r), fmean(falls[where(r)]) if where(r) in falls else None) for r in done]


def where(r: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a run shares with the full fine-tuning that it is measured by."""
    return r["task"], r["base"], r["width"], r["batch"], r["steps"]


def name(r: dict[str, Any]) -> str:
    """Return the name of a run's method in the grid."""
    return NAMES[settings(r).method]


def settings(r: dict[str, Any]) -> Run:
    """Return the settings of a run that was written down."""
    about = {field: r[field] for field in Run.__dataclass_fields__}
    method = about["method"]
    knobs = tuple((key, value) for key, value in method["knobs"])
    kind = next(m for m in NAMES if m.slug == method["slug"])
    return Run(**about | {"method": type(kind)(**method | {"knobs": knobs})})


def row(r: Mapping[str, Any], entry: str, fall: float | None) -> dict[str, Any]:
    """Return one row; its improvement is a share of full fine-tuning's mean fall of the loss."""
    method, start = r["method"], r["start"]
    improvement = None if fall is None else (start["test"] - r["test"]) / fall
    taught = r["task"].startswith("teacher")
    found = {
        **r,
        "method": entry,
        "slug": method["slug"],
        "knobs": " ".join(f"{key}={value}" for key, value in method["knobs"]),
        "place": method["place"],
        "arm": method["arm"],
        "start_validation": start["validation"],
        "start_test": start["test"],
        "start_held": start["held"],
        "improvement": improvement,
        "forgetting": None if taught else r["held"] - start["held"],
        "curve_validation": " ".join(f"{v:.4f}" for v, _ in r["curve"]),
        "curve_held": " ".join(f"{h:.4f}" for _, h in r["curve"]),
    }
    rounded = {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in found.items()}
    return {column: rounded[column] for column in COLUMNS}


def again(row: dict[str, str]) -> Run:
    """Return the run that a row of the table tells of."""
    half_decades = round(2 * math.log10(float(row["rate"])))
    place = {field: int(row[field]) for field in ("base", "width", "batch", "steps")}
    cell = Cell(row["method"], row["task"], **place)
    return cell.run(half_decades, int(row["seed"]), row["phase"])


def tabulate(table: Path = TABLE, path: Path = RUNS) -> None:
    """Write the table of all runs."""
    kept.write(table, rows(known(table, path).values()), COLUMNS)


MEASURED = ("validation", "test", "held", "sibling")
"""Fields in which a run and its row are compared."""

CLOSE = 2e-3
"""Round-off of another processor, carried through all steps, stays below."""


def repeat(key: str, train: Callable[[Run], dict[str, Any]], table: Path = TABLE) -> list[str]:
    """Make one run of the table again; return a line for each of its numbers.

    Args:
        key: The run's, or how it begins.
        train: What trains.
        table: Where its row is.

    Raises:
        SystemExit: when no row, or more than one, begins so, or a number comes out as another.
    """
    with table.open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file) if row["key"].startswith(key)]
    if len(found) != 1 or not key:
        raise SystemExit(f"{len(found)} rows of {table.name} have a key that begins with {key!r}")
    (row,) = found
    return kept.compared(train(again(row)), row, MEASURED, CLOSE)


def main() -> None:
    """Read the command line."""
    parser = runner.arguments(__doc__, only="cells whose method, task or base have this")
    parser.add_argument("--again", metavar="KEY", help="only make one run of the table again")
    chosen = parser.parse_args()
    if chosen.again is not None:
        return print(*repeat(chosen.again, run), sep="\n")
    wanted = [c for c in cells() if chosen.only in f"{c.name}, {c.task}, base {c.base}, {c.width}"]
    failed = []
    if not chosen.table:
        done = known()
        for seed, width in sorted({(c.base, c.width) for c in wanted if due(c, done)}):
            if not pretrain.path(seed, width).exists():
                there = [c for c in wanted if (c.base, c.width) != (seed, width)]
                say(f"{len(wanted) - len(there)} cells wait for {pretrain.making(seed, width)}")
                wanted = there
        with connected(chosen.scheduler, chosen.workers) as client:
            failed = advance(client, wanted)
    tabulate()
    runner.end(failed)


if __name__ == "__main__":
    main()
