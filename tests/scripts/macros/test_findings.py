"""Findings of the experiment again from the table, by a second and shorter way."""

from __future__ import annotations

import csv
import re
from math import log10
from statistics import fmean, median
from types import SimpleNamespace

import pytest
from scipy import stats

from scripts.bootstrap import ROOT
from scripts.macros.page import Page
from scripts.survey.sources.providers import facts


def table(name: str) -> list[dict[str, str]]:
    with (ROOT / "docs/data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


USUAL = {"width": "64", "batch": "4", "steps": "400"}
RUNS = [r for r in table("experiment.csv") if USUAL.items() <= r.items()]


def five(
    method: str, task: str = "code", base: int = 0, column: str = "improvement"
) -> dict[str, float]:
    """Return a column of the runs that count, by seed."""
    return {
        r["seed"]: float(r[column])
        for r in RUNS
        if (r["method"], r["task"], r["base"], r["phase"]) == (method, task, f"{base}", "final")
    }


def swept(method: str, task: str = "code") -> list[dict[str, str]]:
    """Return the runs of a sweep on the first base model, the lowest rate first."""
    found = [
        r
        for r in RUNS
        if (r["method"], r["task"], r["base"]) == (method, task, "0")
        and r["phase"] in ("sweep", "width")
    ]
    return sorted(found, key=lambda r: float(r["rate"]))


def paired(one: dict[str, float], other: dict[str, float]) -> list[float]:
    assert one.keys() == other.keys() == set("12345")
    return [one[seed] - other[seed] for seed in one]


def means(one: str, other: str, task: str, column: str = "improvement") -> list[float]:
    """Return the mean differences in three base models."""
    bases = range(3)
    return [fmean(paired(five(one, task, b, column), five(other, task, b, column))) for b in bases]


def around(values: list[float], among: int = 1) -> tuple[float, float, float]:
    low, high = stats.t.interval(
        1 - 0.05 / among, len(values) - 1, loc=fmean(values), scale=stats.sem(values)
    )
    return fmean(values), low, high


def shown(numbers: tuple[float, float, float], digits: int = 1) -> list[str]:
    return [f"{abs(value):.{digits}f}" for value in numbers]


def said(address: str) -> list[str]:
    """Return the numbers of an address, without signs: the mean and the ends, the nearer first."""
    found = re.findall(r"\d+\.\d+", facts().say(address))
    return [found[0], *sorted(found[1:], key=float)]


def same(address: str, numbers: tuple[float, float, float], digits: int = 1) -> None:
    mean, *ends = shown(numbers, digits)
    assert said(address) == [mean, *sorted(ends, key=float)], address


@pytest.mark.parametrize(
    ("form", "student"), [("lora", "lora 4"), ("oft", "oft 16"), ("ia3", "ia3")]
)
def test_who_holds_what_was_planted_is_ahead_of_full_tuning(form: str, student: str) -> None:
    task = f"teacher {form}"
    found = around([100 * d for d in paired(five(student, task), five("full", task))], 4)
    same(f"answers/teachers, {task}: {student}, points", found)
    assert found[1] > 0
    assert "ahead" in facts().say(f"answers/teachers, {task}: {student}, points")


SHORT = ("pissa 4", "oft 16", "hra 8", "dora 4")


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("task", ["code", "prose"])
def test_the_short_list_stands_to_lora_over_three_base_models(name: str, task: str) -> None:
    where = "answers/short" + (", prose" if task == "prose" else "")
    found = around([100 * d for d in means(name, "lora 4", task)])
    same(f"{where}: {name}, points", found)
    assert (found[1] > 0) == (name == "dora 4")
    assert (found[2] < 0) == (name != "dora 4")
    if name in ("oft 16", "hra 8") and task == "code":
        forgotten = around(means(name, "lora 4", task, "forgetting"))
        same(f"{where}: {name}, forgetting", forgotten, 2)
        assert forgotten[1] > 0


def of_its_size() -> set[str]:
    sizes = {r["method"]: int(r["parameters"]) for r in RUNS if r["task"] == "code"}
    near = {n for n, size in sizes.items() if 2 / 3 < size / sizes["lora 4"] < 3 / 2}
    return {name for name in near if len(five(name)) == 5}


def test_no_family_of_lora_s_size_is_ahead_of_it() -> None:
    sizes = {r["method"]: int(r["parameters"]) for r in RUNS}
    small = {n for n in of_its_size() if sizes[n] <= sizes["lora 4"] and not n.startswith("lora")}
    assert len(small) > 12
    for task in ("code", "prose"):
        lora = five("lora 4", task)
        for name in small:
            if ours := five(name, task):
                assert around(paired(ours, lora))[1] <= 0, (name, task)


def test_a_rate_half_a_decade_off_costs_what_the_card_says() -> None:
    names = of_its_size()
    costs: dict[int, list[float]] = {1: [], -1: []}
    at: dict[str, dict[str, float]] = {}
    for name in names:
        done = {
            r["rate"]: (r["status"] == "done", float(r["improvement"] or "nan"))
            for r in swept(name)
        }
        shares = {rate: share if fine else 0.0 for rate, (fine, share) in done.items()}
        best = max(shares, key=shares.__getitem__)
        for rate, share in shares.items():
            step = round(2 * log10(float(rate) / float(best)))
            if step in costs:
                costs[step].append(100 * (shares[best] - share))
            at.setdefault(f"{float(rate):.2g}", {})[name] = share if done[rate][0] else -9.0
    tuned = {name: fmean(five(name).values()) for name in names}
    apart = median(100 * abs(v - tuned["lora 4"]) for n, v in tuned.items() if n != "lora 4")
    where = "experiment/equal size: "
    for row, value in (
        ("half a decade above", median(costs[1])), ("half a decade below", median(costs[-1])),
        ("apart from LoRA", apart),
    ):  # fmt: skip
        assert facts().say(f"{where}{row}, points") == f"{value:.1f}"
    assert facts().say(f"{where}settings, number") == str(len(names)) == "26"
    for rate in ("0.001", "0.0032", "0.01", "0.032", "0.1"):
        common = sorted(at[rate])
        tau = stats.kendalltau([tuned[n] for n in common], [at[rate][n] for n in common]).statistic
        assert facts().say(f"{where}rate {rate}, tau") == f"{tau:.2f}".replace("-", "−")


def test_a_word_that_does_not_follow_stops_the_page() -> None:
    page = Page(SimpleNamespace(page=SimpleNamespace(url="", meta={})))
    address = "answers/strength: dora 4, points"
    assert page.word("ahead", address) == "ahead"
    with pytest.raises(ValueError, match=r"dora 4, points is not 'level': 1\.1 points ahead"):
        page.word("level", address)
    with pytest.raises(LookupError):
        page.word("ahead", "answers/strength: nothing, points")
