"""PEFT's own benchmark: an independent source with one seed, and rates set by hand."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from scripts.bootstrap import ROOT
from scripts.survey.facts.reader import as_csv
from scripts.survey.facts.result import FULL, Number, Row, Source, Table

KEY = "peft2026benchmark"
ONE_FACTOR = "BOFT"
"""Its runs are block-diagonal OFT: without its CUDA extension PEFT trains a single factor.

So it was for the images too, whose settings ask for two. That run trains 2,119,680 parameters: four
for each of 307,200 inputs (IA3's count) and one for each of 890,880 outputs (RoAd's count). With
two factors it would be 3,348,480.
"""

LORAS = "q_proj+v_proj"
"""Weights that most runs adapt, LoRA's among them."""

MODEL = r"--(llama-3\.2-3B|flux2-klein)-?"
"""Is between a method and its setting in the name of an experiment."""

Key: TypeAlias = int | str
"""The method of a run: an entry's number in the source survey or, of no entry, PEFT's own name for
the method, such as HIRA."""

Suite: TypeAlias = Literal["metamathqa", "imagegen"]
SUITES: tuple[Suite, ...] = ("metamathqa", "imagegen")


class Run(NamedTuple):
    """One run of the benchmark; `score` is the suite's main number, in per cent for accuracies."""

    experiment: str
    tuner: str
    entry: int | None  # of the source survey
    learning_rate: float
    parameters: int
    score: float
    standard_error: float | None
    side_effect: float | None  # forgetting, or drift of other images
    memory: float  # GiB at the peak
    seconds: float
    status: str
    validation: float
    modules: str
    size: int  # the rank, or what takes its place; 0 where that is no number
    settings_by: str  # "authors" where a method's authors committed them

    @property
    def key(self) -> Key:
        return self.tuner if self.entry is None else self.entry

    @property
    def label(self) -> str:
        return re.sub(MODEL, " ", self.experiment).strip()

    @property
    def setting(self) -> str:
        return re.split(MODEL, self.experiment)[-1] or "default"


@cache
def runs(suite: Suite, root: Path = ROOT) -> tuple[Run, ...]:
    runs = read(root / f"docs/data/peft_{suite}.csv", suite)
    return tuple(sorted(runs, key=lambda run: -run.score))


def read(path: Path, suite: Suite) -> Iterator[Run]:
    """Yield the runs in a file.

    Raises:
        ValueError: when a line has too few or too many cells, or a number is none.
    """
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        for cells in table:
            place = f"docs/data/{path.name}, line {table.line_num}"
            names = table.fieldnames or []
            if None in cells or None in cells.values():
                extra = cells.get(None, [])
                n = len(names) - list(cells.values()).count(None) + len(extra)
                raise ValueError(f"{place}: has {n} cells, where the first line has {len(names)}")
            try:
                yield _run(cells, maths=suite == "metamathqa")
            except ValueError as error:
                raise ValueError(f"{place}: {error}; correct this cell") from error


def _run(r: dict[str, str], *, maths: bool) -> Run:
    return Run(
        experiment=r["experiment"],
        tuner=r["peft_type"],
        entry=int(r["survey_entry"]) if r["survey_entry"] else None,
        learning_rate=float(r["lr"] or "nan"),
        parameters=int(r["trainable_params"]),
        score=100 * float(r["test_accuracy"]) if maths else float(r["test_dino_similarity"]),
        standard_error=100 * float(r["test_accuracy_se"]) if maths else None,
        side_effect=_number(r["forgetting" if maths else "drift"]),
        memory=float(r["peak_memory_gib"]),
        seconds=float(r["train_time_s"]),
        status=r["status"],
        validation=float(r["best_valid_accuracy"]) if maths else 0,
        modules=r.get("target_modules", ""),
        size=int(size) if (size := r["rank_or_size"]).isdecimal() else 0,
        settings_by=r["settings_by"],
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def key(number: int | None, config: str) -> Key:
    """Return the key of a page's runs, from its entry's number and its class in PEFT.

    >>> key(15, "HRAConfig"), key(None, "HiraConfig")
    (15, 'HIRA')
    """
    return number or config.removesuffix("Config").upper()


def check() -> None:
    for suite in SUITES:
        runs(suite)


def best(suite: Suite) -> dict[Key, Run]:
    chosen: dict[Key, Run] = {}
    for run in runs(suite):
        chosen.setdefault(run.key, run)
    return chosen


# As leaderboards ----------------------------------------------------------------------------------

BOARD = (
    "rank", "method", "page", "run", "model", "dataset", "metric", "value", "standard_error",
    "parameters", "learning_rate",
)  # fmt: skip
TASKS: dict[Suite, tuple[str, str, str]] = {
    "metamathqa": ("Llama-3.2-3B", "GSM8K after MetaMathQA", "accuracy, per cent"),
    "imagegen": ("FLUX.2-klein-base-4B", "subject-driven images", "DINOv2 similarity"),
}


def leaderboards(pages: Mapping[Key, str]) -> dict[str, str]:
    """Return a table for each suite with a run of each method, best first.

    It is the run with the best validation score, where the suite has one.

    Args:
        pages: Addresses of methods' pages, by the key of their runs.
    """
    return {f"data/leaderboard_{suite}.csv": _leaderboard(suite, pages) for suite in SUITES}


def _leaderboard(suite: Suite, pages: Mapping[Key, str]) -> str:
    chosen: dict[Key, Run] = {}
    for run in sorted(runs(suite), key=lambda run: -run.validation):
        chosen.setdefault(run.key, run)
    ranked = sorted(chosen.values(), key=lambda run: -run.score)
    rows: list[tuple[object, ...]] = [BOARD]
    for place, run in enumerate(ranked, 1):
        measured = (round(run.score, 5), run.standard_error, run.parameters, run.learning_rate)
        named = (run.tuner, pages.get(run.key, ""), run.experiment)
        rows.append((place, *named, *TASKS[suite], *measured))
    return as_csv(rows)


# As a source --------------------------------------------------------------------------------------


def benchmark(root: Path, modules: Mapping[Key, str]) -> Source:
    """Return the runs of full fine-tuning and of the methods of the catalogue.

    Args:
        modules: The first module of every page, by the key of its runs.

    Of several runs of a method the one with the best validation accuracy is the chosen one, and of
    those the one that is called the default. A run with no answer right never learned how to write
    one.
    """

    def listed(suite: Suite) -> list[Run]:
        runs = read(root / f"docs/data/peft_{suite}.csv", suite)
        return [run for run in runs if run.key in modules or run.tuner == "FULL_FT"]

    def row(run: Run, digits: int, **more: Any) -> Row:
        method = modules.get(run.key, FULL)
        name, _, setting = re.sub(MODEL, " ", run.experiment).partition(" ")
        return Row(
            method=method,
            setting=setting if name in (method, "full-finetuning") else f"{name} {setting}",
            parameters=run.parameters / 1e6,
            same_as="oft" if run.tuner == ONE_FACTOR else None,
            settings_by="authors" if run.settings_by else None,
            values=(Number(run.score, f"{run.score:.{digits}f}"),),
            **more,
        )

    maths = listed("metamathqa")
    maths.sort(key=lambda run: (-run.validation, "default" not in run.experiment))
    chosen = {run.key: run for run in reversed(maths)}
    return Source(
        key=KEY,
        authors_of=(),
        tables=(
            Table(
                id="maths",
                place="MetaMathQA",
                model="Llama-3.2-3B",
                suite="GSM8K after MetaMathQA",
                metrics=("GSM8K",),
                measure="accuracy",
                seeds=1,
                spread_is="error",
                rows=tuple(
                    row(
                        run,
                        2,
                        spread=(Number(run.standard_error, f"{run.standard_error:.2f}"),),
                        chosen="validation" if run is chosen[run.key] else None,
                        failed=run.score == 0,
                        modules=run.modules.replace(LORAS, ""),
                    )
                    for run in maths
                    if run.standard_error is not None
                ),
            ),
            Table(
                id="images",
                place="image generation",
                model="FLUX.2-klein-base-4B",
                suite="subject-driven images",
                metrics=("DINOv2 similarity",),
                measure="cosine of features to the subject",
                range=1,
                seeds=1,
                rows=tuple(row(run, 4) for run in listed("imagegen")),
            ),
        ),
    )
