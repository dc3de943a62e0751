"""The answers of the experiment: charts, tables, and differences in words."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from math import isfinite, log
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from scripts.bootstrap import ROOT
from scripts.catalog import experiment
from scripts.catalog.experiment import (
    FULL,
    Cell,
    Interval,
    Range,
    Run,
    as_in_peft,
    at_rate,
    difference,
    early,
    finals,
    fitted,
    forgetting,
    forgetting_at,
    gain,
    good_rates,
    halfway,
    interval,
    loss,
    sweep,
    transfer,
)
from scripts.macros.chart import Chart, Line, Point, around, named, number
from scripts.macros.page import macro
from scripts.macros.real_changes import RealChanges

DATA = ROOT / "docs" / "data"
TASKS = {
    "code": "code", "prose": "prose", "memory": "memory", "teacher lora": "LoRA’s teacher",
    "teacher oft": "OFT’s teacher", "teacher ia3": "IA3’s teacher",
    "teacher shira": "SHiRA’s teacher",
}  # fmt: skip
TEACHERS = tuple(task for task in TASKS if task.startswith("teacher"))
PLACE = ("ahead", "behind", "level")
AMOUNT = ("less", "more", "as much")
MEASURES = {
    "loss": (loss, PLACE), "early": (early, PLACE), "transfer": (transfer, PLACE),
    "gain": (gain, AMOUNT), "forgetting": (forgetting, AMOUNT),
}  # fmt: skip
SEEDS = 5
RANDOM = log(512)
"""What a random token costs whoever remembers nothing, in nats: all 512 are as likely."""
RANKS = (1, 2, 4, 8, 16, 32, 64)
PER_CENT = "share of full fine-tuning’s gain, %"


class Row(NamedTuple):
    """A method in the table of tasks."""

    name: str
    link: str
    parameters: int
    gains: dict[str, Interval]
    forgetting: float | None
    halfway: float | None


class Across(NamedTuple):
    """A method in several cells: what a table has for it in each."""

    name: str
    link: str
    parameters: int
    found: tuple[Interval | None, ...]


class Beside(NamedTuple):
    """A method beside another one: differences that are paired by seed, and its good rates."""

    name: str
    link: str
    parameters: int
    differences: tuple[Interval | None, ...]
    good_rates: Range


def cell(where: str = "") -> Cell:
    """Return the cell that words name, by default code with the protocol's settings.

    >>> cell("prose, base 1"), cell("batch 16").batch
    (Cell(task='prose', base=1, width=64, batch=4, steps=400), 16)
    """
    found: dict[str, Any] = {}
    for word in filter(None, re.split(r",\s*", where)):
        field, _, value = word.partition(" ")
        if value.isdigit() and field in Cell._fields:
            found[field] = int(value)
        elif word in TASKS:
            found["task"] = word
        else:
            raise ValueError(f"{word!r} is neither a task nor a setting like 'base 1'")
    return Cell(**found)


def place(there: Cell) -> str:
    """Return a cell in words, without what the protocol says of most of them.

    >>> place(Cell("code")), place(Cell("code", base=2, steps=1600))
    ('code', 'code, base model 2, 1600 steps')
    """
    says = {"base": "base model {}", "width": "width {}", "batch": "batch {}", "steps": "{} steps"}
    plain = Cell()._asdict()
    more = [says[k].format(v) for k, v in there._asdict().items() if k in says and v != plain[k]]
    return ", ".join((TASKS[there.task], *more))


def usual(there: Cell) -> tuple[int, ...]:
    """Return where a cell comes among others: what most were run in comes first.

    >>> [place(c) for c in sorted([Cell(batch=1), Cell(base=1), Cell("prose"), Cell()], key=usual)]
    ['code', 'prose', 'code, base model 1', 'code, batch 1']
    """
    task = list(TASKS).index(there.task)
    plain = there.batch == Cell().batch
    return (there.width, there.steps, not plain, there.batch, there.base, task)


def methods(where: Cell) -> list[str]:
    """Return the methods all of whose seeds have been run in a cell, in the table's order."""
    found = (name for name, there in experiment.runs() if there == where)
    return [name for name in dict.fromkeys(found) if len(finals(name, where)) == SEEDS]


def lead(found: Interval, words: Sequence[str], unit: str = " nats", digits: int = 3) -> str:
    """Return a difference in words; `words` are those for less, for more, and for no effect.

    >>> words = ("ahead", "behind", "level")
    >>> lead(Interval(-0.0171, -0.0190, -0.0152), words)
    '0.017 nats ahead (0.015 to 0.019)'
    >>> lead(Interval(0.0171, 0.0152, 0.0190), words), lead(Interval(0.001, -0.01, 0.012), words)
    ('0.017 nats behind (0.015 to 0.019)', 'level (0.001 nats, −0.010 to 0.012)')
    """
    less, more, none = words
    mean, low, high = (f"{value:.{digits}f}".replace("-", "−") for value in found)
    if found.none:
        return f"{none} ({mean}{unit}, {low} to {high})"
    if found.mean < 0:
        mean, low, high = mean[1:], high[1:], low[1:]
    return f"{mean}{unit} {less if found.mean < 0 else more} ({low} to {high})"


def agreement(one: dict[str, float], other: dict[str, float]) -> float:
    """Return Kendall's τ between two rankings of the same methods.

    >>> agreement({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3, "c": 2})  # doctest: +ELLIPSIS
    0.333...
    """
    names = sorted(one.keys() & other.keys())
    found = stats.kendalltau([one[n] for n in names], [other[n] for n in names])
    return float(found.statistic)


def remembered(run: Run) -> float:
    """Return the share of a random token that a run knows at its end, one where it knows all.

    Who only knows how often each token occurs has 0.01.
    """
    return 1 - run.test / RANDOM


def as_lora(name: str, there: Cell) -> float:
    """Return the gain that LoRA's curve has at a method's number of parameters.

    Between ranks it is a line over the logarithm of the number.
    """
    ranks = [runs for r in RANKS if (runs := finals(f"lora {r}", there))]
    numbers = [log(next(iter(runs.values())).parameters) for runs in ranks]
    gains = [fmean(map(gain, runs.values())) for runs in ranks]
    own = log(next(iter(finals(name, there).values())).parameters)
    return float(np.interp(own, numbers, gains))


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a table beside that of the runs."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


class Reached(NamedTuple):
    """What a method describes of full tuning's change, as in `Fitted`, and its runs."""

    name: str
    numbers: int
    share: float
    kept: float
    runs: list[Run]

    @property
    def parameters(self) -> int:
        """How many numbers it trains in all matrices."""
        return self.runs[0].parameters


def reached() -> list[Reached]:
    """Return what each method describes that has been trained on code."""
    found = list[Reached]()
    for name, numbers, share, kept, _ in fitted():
        runs = list(finals(name).values())
        if len(runs) == SEEDS:
            found.append(Reached(name, numbers, share, kept, runs))
    return found


class Experiment(RealChanges):
    """The macros of the page about the experiment."""

    def shown(self, name: str) -> str:
        """Return the name of a method of the grid as readers know it."""
        slug, _, rest = name.partition(" ")
        called = {module: title for module, (title, _) in self.names().items()}
        slug, comma, more = slug.partition(",")
        return f"{called[slug]}{comma}{more} {rest}".strip()

    def link(self, name: str) -> str:
        """Return the address of a method's page, nothing for full fine-tuning."""
        page = self.names()[re.split(r"[ ,]", name)[0]][1]
        return f"methods/{page}/" if page else ""

    def drawn(self, name: str, *arguments: Any) -> str:
        """Return a piece of scripts/macros/experiment.html as one block of HTML."""
        template = self.jinja.get_template("experiment.html")
        given = {"root": self.root, "named": named, "number": number}
        html = re.sub(r"\s*\n\s*", "", str(getattr(template.make_module(given), name)(*arguments)))
        return f'\n<div class="ah lab">{html}</div>\n'

    def line(self, name: str, points: Iterable[Point], *, joined: bool = True) -> Line:
        """Return a line or dot that is called and linked as its method."""
        return Line(self.shown(name), tuple(points), joined, self.link(name))

    @macro
    def stands(
        self, one: str, other: str, measure: str = "loss", where: str = "", among: int = 1
    ) -> str:
        """How one method stands to another in a measure, paired by seed."""
        there, (take, words) = cell(where), MEASURES[measure]
        found = difference(finals(one, there), finals(other, there), take, among)
        if measure == "gain":
            return lead(Interval(*(100 * value for value in found)), words, " points", 1)
        return lead(found, words)

    @macro
    def gained(self, name: str, where: str = "", digits: int = 0) -> str:
        """What share of full fine-tuning's gain a method reaches."""
        found = interval(gain(run) for run in finals(name, cell(where)).values())
        return f"{100 * found.mean:.{digits}f} %".replace("-", "−")

    @macro
    def on_curve(self, name: str, where: str = "") -> str:
        """LoRA's gain at a method's number of parameters."""
        return f"{100 * as_lora(name, cell(where)):.1f} %"

    @macro
    def at(self, name: str, rate: float, where: str = "") -> str:
        """What share of full fine-tuning's gain the one run of a sweep reaches at a rate."""
        return f"{100 * gain(at_rate(name, rate, cell(where))):.0f} %"

    @macro
    def good(self, name: str, where: str = "") -> str:
        """At how many half decades of rates a method comes near its best."""
        return str(good_rates(name, cell(where)))

    @macro
    def forgets(self, name: str, rate: float) -> str:
        """What one run at a rate has forgotten where it has learned half, in nats."""
        found = forgetting_at(at_rate(name, rate), halfway(Cell()))
        assert found is not None
        return f"{found:.2f}"

    @macro
    def beside(self, baseline: str, *names: str, where: str = "") -> str:
        """A table of methods beside a baseline, the intervals corrected for their number."""
        there = cell(where)
        half = halfway(there)
        theirs = finals(baseline, there)

        def rows() -> Iterator[Beside]:
            for name in names:
                ours = finals(name, there)
                found: list[Interval | None] = [
                    difference(ours, theirs, measure, len(names)) for measure in (loss, early)
                ]
                pairs = [
                    (forgetting_at(ours[s], half), forgetting_at(theirs[s], half))
                    for s in ours.keys() & theirs.keys()
                ]
                both = [a - b for a, b in pairs if a is not None and b is not None]
                found.append(interval(both, len(names)) if len(both) == len(pairs) else None)
                known = all(run.sibling is not None for run in (*ours.values(), *theirs.values()))
                found.append(difference(ours, theirs, transfer, len(names)) if known else None)
                yield Beside(
                    self.shown(name), self.link(name), next(iter(ours.values())).parameters,
                    tuple(found), good_rates(name, there),
                )  # fmt: skip

        about = f"{self.shown(baseline)} ({next(iter(theirs.values())).parameters:,} numbers)"
        return self.style() + self.drawn(
            "beside", list(rows()), about, good_rates(baseline, there), there.task
        )

    @macro
    def progress(self) -> str:
        """How many methods have all their seeds, for each task and setting."""
        cells = dict.fromkeys(there for _, there in experiment.runs())
        return "; ".join(f"{place(there)} {len(methods(there))}" for there in cells)

    @macro
    def tasks_table(self) -> str:
        """Every method's gain on every task, and what it forgets."""
        found = list[Row]()
        for name in methods(Cell()):
            cells = {task: finals(name, Cell(task)) for task in ("code", "prose", "memory")}
            gains = {
                task: interval(map(remembered if task == "memory" else gain, runs.values()))
                for task, runs in cells.items()
                if len(runs) == SEEDS and len(finals(FULL, Cell(task))) == SEEDS
            }
            on_code = list(cells["code"].values())
            half = [forgetting_at(run, halfway(Cell())) for run in on_code]
            reached = [value for value in half if value is not None]
            found.append(
                Row(
                    self.shown(name), self.link(name), on_code[0].parameters, gains,
                    fmean(map(forgetting, on_code)),
                    fmean(reached) if len(reached) == len(half) else None,
                )
            )  # fmt: skip
        found.sort(key=lambda row: -row.gains["code"].mean)
        known = {task: name for task, name in TASKS.items() if any(task in r.gains for r in found)}
        return self.style() + self.drawn("tasks", found, known)

    @macro
    def memory(self, name: str) -> str:
        """What share of random sequences a method knows at the end."""
        found = interval(map(remembered, finals(name, Cell("memory")).values()))
        return f"{100 * found.mean:.0f} %".replace("-", "−")

    @macro
    def across(self, baseline: str, *names: str) -> str:
        """A table of methods beside a baseline in all cells that have been run for both."""

        def ran(name: str, there: Cell) -> bool:
            return all(len(finals(one, there)) == SEEDS for one in (name, baseline))

        found = {there: [n for n in names if ran(n, there)] for _, there in experiment.runs()}
        cells = [c for c in sorted(found, key=usual) if found[c] and c.task not in TEACHERS]

        def difference_in(name: str, there: Cell) -> Interval | None:
            if name not in found[there]:
                return None
            both = finals(name, there), finals(baseline, there)
            return difference(*both, loss, len(found[there]))

        rows = [
            Across(
                self.shown(name), self.link(name), next(iter(finals(name).values())).parameters,
                tuple(difference_in(name, there) for there in cells),
            )
            for name in names
        ]  # fmt: skip
        heads = [place(there) for there in cells]
        return self.style() + self.drawn("across", rows, heads, self.shown(baseline))

    @macro
    def teachers_table(self) -> str:
        """How far each student is from each teacher at the end."""
        teachers = [task for task in TEACHERS if len(finals(FULL, Cell(task))) == SEEDS]
        students = dict.fromkeys(n for n, there in experiment.runs() if there.task in teachers)
        rows = [
            Across(
                self.shown(name), self.link(name), next(iter(finals(name).values())).parameters,
                tuple(
                    interval(map(loss, runs.values())) if len(runs) == SEEDS else None
                    for runs in (finals(name, Cell(task)) for task in teachers)
                ),
            )
            for name in students
        ]  # fmt: skip
        starts = [next(iter(finals(FULL, Cell(task)).values())).start_test for task in teachers]
        heads = [TASKS[task] for task in teachers]
        return self.style() + self.drawn("teachers", rows, heads, starts)

    @macro
    def left(self, student: str, form: str) -> str:
        """How far a student is from the teacher of a form at the end, in nats."""
        found = interval(map(loss, finals(student, Cell(f"teacher {form}")).values()))
        return f"{found.mean:.3f}"

    @macro
    def rates_chart(self, *names: str, where: str = "") -> str:
        """How much methods gain at each rate of their sweeps."""
        there = cell(where)
        lines = [
            self.line(
                name,
                (self._at_rate(name, r) for r in sweep(name, there)),
            )
            for name in names
        ]
        return self._charted(
            "Gain at each learning rate, with one seed; at zero nothing is learned or all is lost",
            "learning rate", PER_CENT, lines, True,
        )  # fmt: skip

    def _at_rate(self, name: str, run: Run) -> Point:
        share = gain(run)
        y = max(100 * share, 0) if isfinite(share) else 0.0
        says = f"{self.shown(name)}, {run.rate:.2g}: {y:.0f} %"
        return Point(run.rate, y, y, y, says if run.status == "done" else f"{says}, diverged")

    @macro
    def budget_chart(self, where: str = "") -> str:
        """Gain against the number of trained parameters, with LoRA's line."""
        there = cell(where)

        def point(name: str) -> Point:
            runs = finals(name, there)
            found = interval(100 * gain(run) for run in runs.values())
            count = next(iter(runs.values())).parameters
            says = f"{self.shown(name)}: {found.mean:.1f} % with {count:,} numbers"
            return Point(count, *found, says)

        ranks = [f"lora {r}" for r in RANKS if finals(f"lora {r}", there)]
        lines = [
            Line("LoRA, rank " + ", ".join(n[5:] for n in ranks), tuple(point(n) for n in ranks))
        ]
        lines += [
            self.line(name, (point(name),), joined=False)
            for name in methods(there)
            if name not in (*ranks, FULL)
        ]
        return self._charted(
            "Gain against trained numbers", "trained numbers", PER_CENT, lines, True
        )

    @macro
    def price_chart(self, where: str = "") -> str:
        """Gain against forgetting."""
        there = cell(where)
        lines = []
        for name in methods(there):
            runs = list(finals(name, there).values())
            x, y = fmean(map(forgetting, runs)), interval(100 * gain(run) for run in runs)
            says = f"{self.shown(name)}: {y.mean:.1f} %, forgets {x:.2f} nats"
            lines.append(self.line(name, (Point(x, *y, says),), joined=False))
        return self._charted(
            "Gain against forgetting", "rise of the pretraining loss, nats", PER_CENT, lines, False
        )

    @macro
    def steps_chart(self, *names: str, where: str = "") -> str:
        """The validation loss at ten points of the way."""
        there, lines = cell(where), []
        for name in names:
            curves = list(
                zip(*(r.curve_validation for r in finals(name, there).values()), strict=True)
            )
            points = []
            for i, values in enumerate(curves, 1):
                at, y = there.steps * i // len(curves), interval(values)
                points.append(Point(at, *y, f"{self.shown(name)}, step {at}: {y.mean:.3f} nats"))
            lines.append(self.line(name, points))
        return self._charted("Loss on the way", "step", "validation loss, nats", lines, False)

    @macro
    def kept(self, directions: int, task: str = "code") -> str:
        """What share of full tuning's gain its ΔW keeps when cut to so many directions."""
        return f"{100 * self._cut(task)[directions].mean:.0f} %"

    def _cut(self, task: str) -> dict[int, Interval]:
        rows = [r for r in table("experiment_cut.csv") if r["task"] == task]
        whole = {r["seed"]: float(r["test"]) for r in rows if r["directions"] == "64"}

        def share(r: dict[str, str]) -> float:
            start = float(r["start_test"])
            return (start - float(r["test"])) / (start - whole[r["seed"]])

        return {n: interval(share(r) for r in rows if int(r["directions"]) == n) for n in RANKS}

    @macro
    def cut_chart(self, task: str = "code") -> str:
        """What full tuning's change keeps when it is cut, beside LoRA trained at that rank."""
        points = [
            Point(
                n,
                100 * found.mean,
                100 * found.low,
                100 * found.high,
                f"ΔW cut to {n}: {100 * found.mean:.0f} %",
            )
            for n, found in self._cut(task).items()
        ]
        trained = [
            Point(r, *interval(100 * gain(run) for run in runs.values()), f"LoRA of rank {r}")
            for r in RANKS
            if (runs := finals(f"lora {r}", Cell(task)))
        ]
        lines = [
            Line("LoRA, trained", tuple(trained)),
            Line("full fine-tuning’s ΔW, cut", tuple(points)),
        ]
        return self._charted(
            "Trained and cut to so many directions", "directions", PER_CENT, lines, True
        )

    @macro
    def reach_chart(self) -> str:
        """What methods can describe of full tuning's change, against what they gain."""
        lines = []
        for r in reached():
            y = interval(100 * gain(run) for run in r.runs)
            says = (
                f"{self.shown(r.name)} describes {100 * r.share:.0f} %, which keeps "
                f"{100 * r.kept:.0f} % of the loss; trained it gains {y.mean:.0f} %"
            )
            x = max(100 * r.share, 0)  # ETHER cannot come near a small change
            lines.append(self.line(r.name, (Point(x, *y, says),), joined=False))
        return self._charted(
            "Reach and result", "share of full fine-tuning’s ΔW that it describes, %",
            PER_CENT, lines, False,
        )  # fmt: skip

    @macro
    def reach_table(self) -> str:
        """What methods can describe of full tuning's change, what that does, and what they gain."""
        rows = [
            (self.shown(r.name), self.link(r.name), r.numbers, r.share, r.kept,
             fmean(map(gain, r.runs)))
            for r in sorted(reached(), key=lambda r: -r.share)
        ]  # fmt: skip
        return self.style() + self.drawn("reach", rows)

    @macro
    def reach_predicts(self, what: str = "share", *, alike: bool = False) -> str:
        """Spearman's ρ between what is described, or what that keeps of the loss, and the gain."""
        lora = next(iter(finals("lora 4").values())).parameters
        found = [r for r in reached() if not alike or 2 / 3 < r.parameters / lora < 3 / 2]
        told, gained = [getattr(r, what) for r in found], [fmean(map(gain, r.runs)) for r in found]
        result = stats.spearmanr(told, gained)
        return f"ρ = {result.statistic:.2f} over {len(found)} settings".replace("-", "−")

    @macro
    def four_worth(self) -> str:
        """What full tuning's change of the four matrices is worth to the loss, in nats."""
        return f"{fitted()[0].worth:.3f}"

    @macro
    def described(self, name: str, what: str = "share") -> str:
        """What share a method describes of full tuning's change, or keeps of its loss."""
        (found,) = (getattr(d, what) for d in fitted() if d.method == name)
        return f"{100 * found:.0f} %".replace("-", "−")

    @macro
    def reads(self, width: int) -> str:
        """How well a base model reads text that it was not trained on, in bits a byte."""
        about = json.loads((DATA / "bases" / f"{width}-0.json").read_text("utf-8"))
        return f"{about['bits_a_byte_held_out']:.2f}"

    @macro
    def texts_agree(self) -> str:
        """Kendall's τ between the rankings on code and on prose."""
        code, prose = (
            {n: fmean(map(gain, finals(n, there).values())) for n in methods(there) if n != FULL}
            for there in (Cell("code"), Cell("prose"))
        )
        settings = len(code.keys() & prose.keys())
        return f"τ = {agreement(code, prose):.2f} over {settings} settings".replace("-", "−")

    @macro
    def rankings(self, where: str = "") -> str:
        """Kendall's τ between the ranking at one common rate and that at tuned rates."""
        there = cell(where)
        names = [name for name in methods(there) if name != FULL]
        tuned = {name: -fmean(map(gain, finals(name, there).values())) for name in names}
        at: dict[float, dict[str, float]] = {}
        for name in names:
            for r in sweep(name, there):
                at.setdefault(r.rate, {})[name] = -gain(r) if r.status == "done" else 9.0
        said = [
            f"{rate:.2g}: τ = {agreement(tuned, found):.2f} ({len(found)} methods)"
            for rate, found in sorted(at.items())
            if len(found) >= 20
        ]
        return "; ".join(said).replace("-", "−")

    @macro
    def rankings_in_peft(self) -> str:
        """Kendall's τ between the ranking at tuned rates and at rates as in PEFT's benchmark."""
        names = [name for name in as_in_peft() if name != FULL]
        tuned = {name: -fmean(map(gain, finals(name).values())) for name in names}
        theirs = {name: -gain(self._in_peft(name)) for name in names}
        return f"τ = {agreement(tuned, theirs):.2f} ({len(names)} methods)".replace("-", "−")

    @macro
    def in_peft(self, name: str) -> str:
        """What share a method gains at the rate that stands to LoRA's as in PEFT's benchmark."""
        run = self._in_peft(name)
        share = max(gain(run), 0) if run.status == "done" else 0
        return f"{100 * share:.0f} % at {run.rate:.2g}"

    def _in_peft(self, name: str) -> Run:
        lora = next(iter(finals("lora 4").values())).rate
        return at_rate(name, lora * 10 ** (as_in_peft()[name] / 2))

    def _charted(
        self, title: str, x: str, y: str, lines: Sequence[Line], logarithmic: bool, note: str = ""
    ) -> str:
        points = [p for line in lines for p in line.points]
        ends = [v for p in points for v in (p.y, p.low, p.high) if isfinite(v)]
        across = around(x, [p.x for p in points], logarithmic=logarithmic)
        return self.drawn("chart", Chart(title, across, around(y, ends), lines, note))
