"""The results of the experiment: one row a run, and what follows from runs that share their seeds.

Names of methods are those of docs/data/experiment.yml. A difference is paired by seed, its interval
Student's t at 95 %, divided by the number of methods that a question compares (Bonferroni).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from math import inf, isclose, log, log10
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple, TypeAlias

from scripts.bootstrap import ROOT
from scripts.survey.facts import peft
from scripts.survey.facts.reader import rows
from scripts.survey.facts.result import FULL, Number, Row, Source, Table

KEY = "adapters2026experiment"
TABLE = ROOT / "docs" / "data" / "experiment.csv"
REACH = TABLE.with_name("experiment_reach.csv")
GOOD = 0.05
SEEDS = 5
RANKS = (1, 2, 4, 8, 16, 32, 64)
"""LoRA's, as far as it was run."""

RANDOM = log(512)
"""The loss on a random token without any memory, in nats: all 512 are as likely."""


class Run(NamedTuple):
    """One run; losses are in nats a token, the improvement is a share of full fine-tuning's."""

    method: str
    slug: str
    knobs: str
    place: str
    arm: str
    parameters: int
    task: str
    base: int
    width: int
    batch: int
    steps: int
    rate: float
    seed: int
    phase: str
    validation: float
    test: float
    sibling: float | None
    held: float
    start_validation: float
    start_test: float
    start_held: float
    improvement: float | None
    forgetting: float | None
    curve_validation: tuple[float, ...]
    curve_held: tuple[float, ...]
    status: str


Measure: TypeAlias = Callable[[Run], float]


class Fitted(NamedTuple):
    """A method's fit to full fine-tuning's change of four matrices; losses are in nats.

    `share` is that of ‖ΔW‖².
    """

    method: str
    parameters: int
    share: float
    test_without: float
    test_with: float
    test: float

    @property
    def worth(self) -> float:
        return self.test_without - self.test_with

    @property
    def kept(self) -> float:
        return (self.test_without - self.test) / self.worth


def fitted() -> list[Fitted]:
    return rows(Fitted, REACH)


class Cell(NamedTuple):
    """Settings that a run shares with those that it is compared with, but for the method."""

    task: str = "code"
    base: int = 0
    width: int = 64
    batch: int = 4
    steps: int = 400


TEACHERS = tuple(f"teacher {form}" for form in ("lora", "oft", "ia3", "shira"))
TASKS = ("code", "prose", "memory", *TEACHERS)


def cell(where: str = "") -> Cell:
    """Return the cell that words name, by default code with the protocol's settings.

    >>> cell("prose, base 1"), cell("batch 16").batch
    (Cell(task='prose', base=1, width=64, batch=4, steps=400), 16)
    """
    fields: dict[str, Any] = {}
    for word in filter(None, where.split(", ")):
        field, _, value = word.partition(" ")
        if value.isdigit() and field in Cell._fields:
            fields[field] = int(value)
        elif word in TASKS:
            fields["task"] = word
        else:
            raise ValueError(f"{word!r} is neither a task nor a setting like 'base 1'")
    return Cell(**fields)


IN_PEFT = {
    "full": "full-finetuning--llama-3.2-3B-lr_0.00001",
    "lora 4": "lora--llama-3.2-3B-rank32",
    "dora 4": "lora--llama-3.2-3B-rank32-dora",
    "delora 4": "delora--llama-3.2-3B-rank32",
    "oft 16": "oft--llama-3.2-3B-rank32",
    "boft 8": "boft--llama-3.2-3B-default",
    "psoft 32": "psoft--llama-3.2-3B-default",
    "ia3": "ia3--llama-3.2-3B-all-attn-5k-lr0.005",
    "ln_tuning": "ln_tuning--llama-3.2-3B-default",
    "road 1": "road--llama-3.2-3B-lr_0.001",
    "miss 8": "miss--llama-3.2-3B-default",
    "lokr 4": "lokr--llama-3.2-3B-rank32-factor4-lr0.003",
    "loha 8": "loha--llama-3.2-3B-rank32",
    "shira 0.094": "shira--llama-3.2-3B-lr_0.0003-random_seed_42",
    "fourierft 768": "fourierft--llama-3.2-3B-n_frequency-5000",
    "c3a 8": "c3a--llama-3.2-3B-default",
    "vera": "vera--llama-3.2-3B-default",
    "randlora 6": "randlora--llama-3.2-3B-default",
    "vblora 4": "vblora--llama-3.2-3B-default",
    "prefix_tuning 32": "prefixtuning--llama-3.2-3B-tokens50-init_prefix-lr_0.005",
    "prompt_tuning 32": "prompt_tuning--llama-3.2-3B-sample_vocab-lr_0.001",
}
"""For question f, a method's run in PEFT's benchmark.

Of several it is the best one, for LoRA, PSOFT and MiSS the plain one.
"""


@cache
def as_in_peft() -> dict[str, int]:
    """Return how many half decades PEFT's benchmark sets each method's rate above LoRA's."""
    rates = {run.experiment: run.learning_rate for run in peft.runs("metamathqa")}
    lora = rates[IN_PEFT["lora 4"]]
    return {name: round(2 * log10(rates[run] / lora)) for name, run in IN_PEFT.items()}


def read(path: Path = TABLE) -> list[Run]:
    return rows(Run, path)


@cache
def runs() -> dict[tuple[str, Cell], tuple[Run, ...]]:
    grouped: dict[tuple[str, Cell], list[Run]] = defaultdict(list)
    for run in read():
        grouped[run.method, Cell(run.task, run.base, run.width, run.batch, run.steps)].append(run)
    return {key: tuple(some) for key, some in grouped.items()}


def finals(method: str, cell: Cell = Cell()) -> dict[int, Run]:  # noqa: B008
    return {r.seed: r for r in runs().get((method, cell), ()) if r.phase == "final"}


def sweep(method: str, cell: Cell = Cell()) -> list[Run]:  # noqa: B008
    swept = [r for r in runs().get((method, cell), ()) if r.phase in ("sweep", "width")]
    return sorted(swept, key=lambda r: r.rate)


def at_rate(method: str, rate: float, cell: Cell = Cell()) -> Run:  # noqa: B008
    """Return the run with the sweep's seed at a rate.

    Raises:
        LookupError: when there is none.
    """
    for run in runs().get((method, cell), ()):
        if run.phase != "final" and isclose(run.rate, rate, rel_tol=1e-4):
            return run
    raise LookupError(f"{method} has no run at the rate {rate:g} in {cell}")


def methods(where: Cell) -> list[str]:
    names = (name for name, cell in runs() if cell == where)
    return [name for name in dict.fromkeys(names) if len(finals(name, where)) == SEEDS]


# Measures -----------------------------------------------------------------------------------------


def loss(run: Run) -> float:
    """Return the loss on the task's test, in nats."""
    return run.test


def early(run: Run) -> float:
    """Return the validation loss after a tenth of the steps, in nats."""
    return run.curve_validation[0]


def improvement(run: Run) -> float:
    """Return the share of full fine-tuning's fall of the test loss."""
    assert run.improvement is not None
    return run.improvement


def forgetting(run: Run) -> float:
    """Return the rise of the pretraining loss at the end, in nats."""
    assert run.forgetting is not None
    return run.forgetting


def transfer(run: Run) -> float:
    """Return the loss on the sibling of the task, which nothing was trained on, in nats."""
    assert run.sibling is not None
    return run.sibling


def known(loss: float) -> float:
    """Return the share of a random token that a loss in nats knows, one where it knows all.

    Who only knows how often each token occurs has 0.01.

    >>> known(0.0), known(RANDOM)
    (1.0, 0.0)
    """
    return 1 - loss / RANDOM


def remembered(run: Run) -> float:
    """Return the share of a random token that a run knows at its end."""
    return known(run.test)


def forgetting_at(run: Run, loss: float) -> float | None:
    """Return the rise of the pretraining loss where the validation loss first is this low, in nats.

    It is read off straight lines between the points of the curve; nothing where it never is so low.
    """
    before, held = run.start_validation, run.start_held
    for after, here in zip(run.curve_validation, run.curve_held, strict=True):
        if after <= loss:
            way = (before - loss) / (before - after)
            return held + way * (here - held) - run.start_held
        before, held = after, here
    return None


class Range(NamedTuple):
    """The number of rates, in half decades, at which a method comes near its best."""

    rates: int
    open: bool  # the lowest or the highest rate that was tried is one of them

    def __str__(self) -> str:
        """Return the number, or that there are at least so many."""
        return f"≥ {self.rates}" if self.open else str(self.rates)


def good_rates(method: str, cell: Cell = Cell()) -> Range:  # noqa: B008
    """Return at how many rates a method comes within `GOOD` of its best.

    `GOOD` is a share of full fine-tuning's improvement, judged on the test with the one seed of the
    sweep; what diverged is not good.
    """
    shares = [improvement(run) if run.status == "done" else -inf for run in sweep(method, cell)]
    good = [value >= max(shares) - GOOD for value in shares]
    return Range(sum(good), good[0] or good[-1])


def halfway(cell: Cell) -> float:
    """Return the validation loss at half of full fine-tuning's improvement."""
    full = finals(FULL, cell).values()
    end = fmean(run.curve_validation[-1] for run in full)
    return (next(iter(full)).start_validation + end) / 2


def point(cell: Cell) -> float:
    """Return a point in nats: a hundredth of what full fine-tuning lowers the test loss by."""
    return fmean(run.start_test - run.test for run in finals(FULL, cell).values()) / 100


# As a source of evidence --------------------------------------------------------------------------

SUITES = {"code": "source of a Python package", "prose": "a novel"}
"""The tasks that have fresh text to be judged on and that nobody planted."""

EVERYWHERE = "all"


def sources(root: Path = ROOT) -> tuple[Source, ...]:
    """Return the experiment as one more source; none while its table is not there."""
    path = root / TABLE.relative_to(ROOT)
    if not path.exists():
        return ()
    kept: dict[Cell, dict[str, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in read(path):
        where = Cell(run.task, run.base, run.width, run.batch, run.steps)
        # Other batches and lengths ask questions of their own, and an arm is a method's control.
        usual = where == Cell(run.task, run.base, run.width)
        if run.phase == "final" and run.task in SUITES and usual and not run.arm:
            kept[where][run.method].append(run)
    tables = [_table(cell, rows) for cell, rows in kept.items() if FULL in rows and len(rows) > 1]
    return (Source(key=KEY, authors_of=(), tables=tuple(tables), ours=True),) if tables else ()


def _table(cell: Cell, by_method: dict[str, list[Run]]) -> Table:
    return Table(
        id=f"{cell.task}-{cell.width}-{cell.base}",
        place=f"{cell.task}, width {cell.width}, base model {cell.base}",
        model=f"decoder of width {cell.width}",
        suite=SUITES[cell.task],
        metrics=("improvement",),
        measure="share of full fine-tuning’s fall of the test loss",
        seeds=min(map(len, by_method.values())),
        rates="both_tuned",
        rows=tuple(_row(name, runs) for name, runs in by_method.items()),
    )


def _row(name: str, runs: list[Run]) -> Row:
    shares, first = [100 * improvement(run) for run in runs], runs[0]
    estimate = (fmean(shares), stdev(shares) if len(shares) > 1 else 0.0)
    value, spread = (Number(number, f"{number:.1f}") for number in estimate)
    return Row(
        method=first.slug,
        setting=name.partition(" ")[2],
        parameters=first.parameters / 1e6,
        modules="" if first.place == EVERYWHERE else first.place,
        values=(value,),
        spread=(spread,),
    )
