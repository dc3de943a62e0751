"""PEFT's own benchmark: its rows, its agreement with the grades, and its plots."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from lxml import etree
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator
from scipy import stats

from scripts.bootstrap import ROOT

DATA = ROOT / "docs" / "data"
Suite = Literal["metamathqa", "imagegen"]


class Link(NamedTuple):
    """Where a method's page is, and its name."""

    address: str
    name: str


OFT, OFTV2 = 2, 28  # PEFT's OFT tuner implements entry 28; the survey grades entry 2 apart from it


@dataclass(frozen=True)
class Row:
    """One run of the benchmark; `score` is the suite's main number, in per cent for accuracies."""

    experiment: str
    tuner: str
    entry: int | None
    learning_rate: float
    parameters: int
    score: float
    standard_error: float | None
    side_effect: float | None
    memory: float
    seconds: float
    status: str

    @property
    def label(self) -> str:
        """The experiment's name without the model's."""
        return re.sub(r"--(llama-3\.2-3B|flux2-klein)-?", " ", self.experiment).strip()


@cache
def rows(suite: Suite) -> tuple[Row, ...]:
    """Return all runs of a suite, best first."""
    return tuple(sorted(read(DATA / f"peft_{suite}.csv", suite), key=lambda row: -row.score))


def read(path: Path, suite: Suite) -> Iterator[Row]:
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
                yield _row(cells, suite)
            except ValueError as error:
                raise ValueError(f"{place}: {error}; correct this cell") from error


def _row(r: dict[str, str], suite: Suite) -> Row:
    maths = suite == "metamathqa"
    return Row(
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
    )


def check() -> None:
    """Raise `ValueError` when the file of a suite cannot be read."""
    for suite in get_args(Suite):
        rows(suite)


def _number(text: str) -> float | None:
    return float(text) if text else None


def best(suite: Suite) -> dict[int, Row]:
    """Return the best run of every catalogue entry that has one."""
    found: dict[int, Row] = {}
    for row in rows(suite):
        if row.entry is not None:
            found.setdefault(row.entry, row)
    return found


@dataclass(frozen=True)
class Agreement:
    """A rank correlation with its two-sided p and a 95 % bootstrap interval."""

    n: int
    rho: float
    p: float
    low: float
    high: float


def agreement(
    suite: Suite, values: Mapping[int, float], without: Collection[int] = ()
) -> Agreement:
    """Return Spearman's ρ between a value and the best score, over the entries that have both.

    Args:
        suite: Which benchmark.
        values: A number for each entry: a total, or what it trains.
        without: Entries whose rows are left out.
    """
    pairs = [
        (values[entry], row.score)
        for entry, row in best(suite).items()
        if entry in values and entry not in without
    ]
    return _spearman(np.array(pairs))


def _spearman(pairs: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Agreement:
    result = stats.spearmanr(pairs)
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(pairs), size=(4000, len(pairs)))
    ranks = [stats.rankdata(pairs[draws][:, :, k], axis=1) for k in (0, 1)]
    a, b = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    norms = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    rhos = (a * b).sum(axis=1)[norms > 0] / norms[norms > 0]
    low, high = np.quantile(rhos, [0.025, 0.975])
    return Agreement(
        len(pairs), float(result.statistic), float(result.pvalue), float(low), float(high)
    )


# The plot -----------------------------------------------------------------------------------------

AXES = {
    "parameters": "trained parameters",
    "memory": "peak memory, GiB",
    "seconds": "training time, s",
}
INK, SOFT, ACCENT = "#010101", "#020202", "#030303"  # stand for CSS colours, replaced below
CSS = {INK: "currentColor", SOFT: "var(--ah-soft)", ACCENT: "var(--ah-accent)"}


def plot(
    suite: Suite, axis: Literal["parameters", "memory", "seconds"], links: Mapping[int, Link]
) -> str:
    """Return an inline SVG: score against a cost, one dot a run, linked where it has a page.

    Args:
        suite: Which benchmark.
        axis: The cost on the horizontal axis.
        links: The page of every entry that has one.
    """
    shown = [row for row in rows(suite) if row.status == "success" or row.score > 0]
    with mpl.rc_context(
        {
            "svg.fonttype": "none", "svg.hashsalt": "benchmark",
            "font.family": "sans-serif", "font.size": 9,
            "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
            "axes.edgecolor": SOFT,
        }
    ):  # fmt: skip
        figure, ax = plt.subplots(figsize=(7.4, 4.4), layout="constrained")
        figure.patch.set_alpha(0)
        ax.patch.set_alpha(0)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_xscale("log")
        if axis == "memory":
            ax.xaxis.set_major_locator(FixedLocator([10, 12, 15, 18, 20, 22, 25, 30, 36]))
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xlabel(AXES[axis])
        ax.set_ylabel("GSM8K accuracy, %" if suite == "metamathqa" else "DINOv2 similarity")
        ax.grid(axis="y", color=SOFT, alpha=0.25, linewidth=0.6)
        for i, row in enumerate(shown):
            linked = (row.entry or 0) in links
            (dot,) = ax.plot(
                getattr(row, axis), row.score, "o", markersize=6 if linked else 4.5,
                color=ACCENT if linked else SOFT, alpha=0.9 if linked else 0.6, markeredgewidth=0,
            )  # fmt: skip
            dot.set_gid(f"run-{i}")
        figure.canvas.draw()
        figure.set_layout_engine("none")  # labels must not move the axes that they are placed by
        _label(ax, shown, axis, links)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        plt.close(figure)
    return _dress(buffer.getvalue(), shown, axis, links, f"{suite}-{axis}")


def _label(ax: Axes, shown: Sequence[Row], axis: str, links: Mapping[int, Link]) -> None:
    """Name the best run of every tuner where there is room, the best-scoring first."""
    pixels = [ax.transData.transform((getattr(r, axis), r.score)) for r in shown]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in pixels]
    seen: set[str] = set()
    for row, (x, y) in zip(shown, pixels, strict=True):
        if row.tuner in seen:
            continue
        seen.add(row.tuner)
        link = links.get(row.entry or 0)
        if link is None and row.tuner != "FULL_FT":
            continue
        name = link.name if link else "Full fine-tuning"
        w, h = 5.4 * len(name), 10
        for dx, dy in _places(w):
            box = (x + dx, y + dy, x + dx + w, y + dy + h)
            if (
                ax.bbox.x0 < box[0]
                and box[2] < ax.bbox.x1
                and not any(_overlap(box, other) for other in taken)
            ):
                ax.annotate(name, (x + dx, y + dy), xycoords="figure pixels", fontsize=8)
                taken.append(box)
                break


def _places(w: float) -> list[tuple[float, float]]:
    """Return where a label of width `w` may start, from its dot, best first."""
    beside = [(8, -4), (-8 - w, -4), (-w / 2, 8), (-w / 2, -18)]
    return [*beside, (6, 6), (6, -16), (-6 - w, 6), (-6 - w, -16)]


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _dress(svg: str, shown: Sequence[Row], axis: str, links: Mapping[int, Link], name: str) -> str:
    """Use the page's colours, give every dot a title and a link, make ids unique."""
    tree = etree.fromstring(svg.encode(), etree.XMLParser(remove_comments=True))
    space = "{http://www.w3.org/2000/svg}"
    for unwanted in tree.findall(f"{space}metadata"):
        tree.remove(unwanted)
    for i, row in enumerate(shown):
        group = tree.find(f".//{space}g[@id='run-{i}']")
        assert group is not None
        title = etree.Element(f"{space}title")
        title.text = f"{row.label}: {row.score:.3g} at {getattr(row, axis):,.4g} {AXES[axis]}"
        group.insert(0, title)
        link = links.get(row.entry or 0)
        if link:
            anchor = etree.Element(f"{space}a", href=link.address)
            anchor.set("aria-label", title.text)
            parent = group.getparent()
            assert parent is not None
            parent.replace(group, anchor)
            anchor.append(group)
    for key in ("width", "height"):
        tree.attrib.pop(key, None)
    tree.set("role", "group")
    tree.set(
        "aria-label",
        f"Score against {AXES[axis]}, a dot for each run; the table below has the same numbers",
    )
    text = etree.tostring(tree, encoding="unicode")
    for stand_in, colour in CSS.items():
        text = text.replace(stand_in, colour)
    return re.sub(r'(id="|url\(#|href="#)', rf"\1{name}-", text)
