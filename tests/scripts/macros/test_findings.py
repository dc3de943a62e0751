"""The experiment's report: every card again from the table, by a second and shorter way."""

from __future__ import annotations

import csv
import re
from itertools import pairwise
from math import log10
from statistics import fmean, median
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from scripts.bootstrap import ROOT
from scripts.macros.figures import Rows
from scripts.macros.findings import FINDINGS, Findings, rests_on
from scripts.macros.page import Page
from scripts.survey.results.effects import confidence
from scripts.survey.results.english_claims import CLAIMS, SWEPT
from scripts.survey.sources.providers import facts

PAGE = (ROOT / "docs/experiment.md").read_text("utf-8")


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


def test_on_another_s_ground_students_are_behind_by_what_the_card_says() -> None:
    students = {"lora": "lora 4", "oft": "oft 16", "ia3": "ia3"}
    behind = [
        -100 * fmean(paired(five(student, f"teacher {form}"), five("full", f"teacher {form}")))
        for form in ("lora", "oft", "ia3", "shira")
        for own, student in students.items()
        if own != form
    ]
    ends = [
        facts().say(f"answers/teachers, teacher {cell}, points | abs 0")
        for cell in ("oft: lora 4", "shira: ia3")
    ]
    assert ends == [f"{min(behind):.0f}", f"{max(behind):.0f}"]
    sizes = {r["method"]: int(r["parameters"]) for r in RUNS}
    assert all(sizes[name] < 0.1 * sizes["full"] for name in students.values())


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


def test_full_tuning_at_a_third_of_its_rate_learns_more_than_lora_and_forgets_less() -> None:
    for task, prefix in (("code", ""), ("prose", "prose, ")):
        pairs = []
        for name, rate in (("full", "0.001"), ("lora 4", "0.01")):
            (run,) = (r for r in swept(name, task) if float(r["rate"]) == float(rate))
            where = f"experiment/{prefix}rate {rate}: {name}"
            assert (
                facts().say(f"{where}, improvement") == f"{100 * float(run['improvement']):.0f} %"
            )
            assert facts().say(f"{where}, forgetting") == f"{float(run['forgetting']):.2f}"
            pairs.append((float(run["improvement"]), float(run["forgetting"])))
        (full, forgot), (lora, more) = pairs
        assert full > lora
        assert forgot < more
        (best,) = {r["rate"] for r in RUNS if (r["method"], r["task"]) == ("full", task)
                   and r["phase"] == "final" and r["base"] == "0"}  # fmt: skip
        assert 0.3 < 0.001 / float(best) < 0.34


def test_oft_forgets_more_than_lora_at_every_rate_for_what_it_has_learned() -> None:
    lora = [(float(r["improvement"]), float(r["forgetting"])) for r in swept("lora 4")
            if r["status"] == "done" and float(r["rate"]) <= 0.0101]  # fmt: skip
    assert all(a < b for a, b in pairwise(lora))
    learned, forgotten = zip(*lora, strict=True)
    for r in swept("oft 16"):
        assert float(r["forgetting"]) > np.interp(float(r["improvement"]), learned, forgotten)


def test_what_forgets_more_on_code_hardly_differs_on_the_novel() -> None:
    for name in ("oft 16", "hra 8", "shira 0.094", "miss 8", "pissa 4", "delora 4"):
        code, prose = (means(name, "lora 4", task, "forgetting") for task in ("code", "prose"))
        assert around(code)[1] > 0
        assert abs(fmean(prose)) < 0.12 < fmean(code)


@pytest.mark.parametrize("task", ["code", "prose"])
def test_attention_alone_costs_and_the_feed_forward_layers_do_not(task: str) -> None:
    where = "answers/placement" + (", prose" if task == "prose" else "")
    lora = five("lora 4", task)
    inner, attention = (
        around([100 * d for d in paired(five(name, task), lora)], 2)
        for name in ("lora 7, inner", "lora 9, attention")
    )
    same(f"{where}: lora 7, inner, points", inner)
    same(f"{where}: lora 9, attention, points", attention)
    assert attention[2] < -9
    assert inner[1] > -1


def test_trained_directions_do_more_than_cut_ones() -> None:
    for task in ("code", "prose"):
        cuts = [r for r in table("experiment_cut.csv") if r["task"] == task]
        whole = {r["seed"]: float(r["test"]) for r in cuts if r["directions"] == "64"}
        for rank in (1, 4):
            kept = [
                (float(r["start_test"]) - float(r["test"]))
                / (float(r["start_test"]) - whole[r["seed"]])
                for r in cuts
                if r["directions"] == f"{rank}"
            ]
            assert (
                facts().say(f"experiment/cut, {task}: {rank}, improvement")
                == f"{100 * fmean(kept):.0f} %"
            )
            assert min(five(f"lora {rank}", task).values()) > max(kept) + 0.3


def test_gains_and_turns_of_as_few_parameters_reach_about_as_much() -> None:
    sizes = {r["method"]: int(r["parameters"]) for r in RUNS}
    assert 0.011 < sizes["ia3"] / sizes["full"] < 0.012
    assert sizes["ln_tuning"] < sizes["goft"] <= sizes["ia3"] == sizes["road 1"]
    reach = {
        (name, task): 100 * fmean(five(name, task).values())
        for name in ("ia3", "ln_tuning", "road 1", "goft")
        for task in ("code", "prose")
    }
    assert all(45 < value < 56 for (_, task), value in reach.items() if task == "code")
    assert all(35 < value < 42 for (_, task), value in reach.items() if task == "prose")


def test_dora_lies_on_lora_s_curve_and_without_its_magnitudes_beside_lora() -> None:
    sizes = {r["method"]: int(r["parameters"]) for r in RUNS}
    curve = [(np.log(sizes[n]), 100 * fmean(five(n).values()))
             for n in (f"lora {rank}" for rank in (1, 2, 4, 8, 16, 32, 64))]  # fmt: skip
    trained, reached = zip(*curve, strict=True)
    for rank in (1, 4, 16):
        line = np.interp(np.log(sizes[f"dora {rank}"]), trained, reached)
        assert abs(100 * fmean(five(f"dora {rank}").values()) - line) < 1
    assert sizes["dora 4"] / sizes["lora 4"] == 9 / 8
    fixed = around([100 * d for d in means("dora 4, fixed magnitude", "lora 4", "code")])
    same("answers/strength: dora 4, fixed magnitude, points", fixed)
    assert fixed[1] < -1 < 0 < fixed[2]


def test_w_s_directions_are_better_than_random_ones_and_the_strongest_not_the_best() -> None:
    where = "answers/basis: pissa 4"
    random = around([100 * d for d in means("pissa 4", "pissa 4, random basis", "code")])
    same(f"{where} beside pissa 4, random basis, points", random)
    assert random[1] > 0
    minor = around([100 * d for d in means("pissa 4, minor", "pissa 4", "code")])
    same(f"{where}, minor beside pissa 4, points", minor)
    assert minor[1] < 0 < minor[2]
    prose = around(
        [100 * d for d in paired(five("pissa 4", "prose"), five("pissa 4, random basis", "prose"))],
        3,
    )
    same("answers/basis, prose: pissa 4 beside pissa 4, random basis, points", prose)
    assert prose[1] > 0


# The page -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def macros() -> Findings:
    return Findings(Page(SimpleNamespace(page=SimpleNamespace(url="experiment/", meta={}))))


FIGURE, GROUNDS = 'figure("finding"', 'list("grounds"'


def test_every_finding_is_a_card_of_the_report_with_all_that_it_needs() -> None:
    cards = re.findall(r'<section class="finding" markdown="1">(.*?)</section>', PAGE, re.S)
    assert 5 <= len(cards) <= 10
    figures, grounds = (
        re.findall(rf'{{{{ {re.escape(name)}, "(\w+)"', PAGE) for name in (FIGURE, GROUNDS)
    )
    assert figures == grounds == list(FINDINGS)
    for card in cards:
        assert re.match(r"\s+## .+ \{ #\w+ \}\n", card)
        assert card.count(f"{{{{ {FIGURE}") == card.count(f"{{{{ {GROUNDS}") == 1


def test_what_a_real_model_was_asked_stands_on_the_card_of_the_same_finding(
    macros: Findings,
) -> None:
    for claim in CLAIMS:
        (anchor,) = re.findall(
            rf'\{{ #(\w+) \}}(?:(?!</section>).)*"finding", "{claim.finding}"', PAGE, re.S
        )
        assert anchor == claim.anchor
        assert f"{claim.says}: <strong>{claim.here()}</strong>" in macros.grounds(
            claim.finding, "low", "why", "what else"
        )
    asked = {claim.finding for claim in CLAIMS}
    for name in FINDINGS.keys() - asked:
        says = "sweeps, with one seed" if name in SWEPT else "not asked"
        assert f"A real encoder</a></dt><dd>{says}</dd>" in macros.grounds(name, "low", "", "")
    assert FINDINGS.keys() - asked > {*SWEPT}


@pytest.mark.parametrize("name", FINDINGS)
def test_a_finding_is_trusted_no_further_than_its_rule_allows(name: str, macros: Findings) -> None:
    (trust,) = re.findall(rf'{re.escape(GROUNDS)}, "{name}", "(\w+)"', PAGE)
    found = macros.grounds(name, trust, "why", "what else")
    assert f">{trust}<" in found
    finding = FINDINGS[name]()
    most = confidence(finding.effects, finding.units, finding.repeats) if finding.effects else "low"
    if most != "high":
        with pytest.raises(ValueError, match=f"has {most} confidence by the rule, not high"):
            macros.grounds(name, "high", "why", "what else")


def test_the_runs_that_a_card_counts_are_those_of_the_table() -> None:
    told = rests_on(FINDINGS["placement"]())
    assert told == "30 runs: 5 seeds, one base model, both texts"
    names = ("lora 4", "lora 7, inner", "lora 9, attention")
    assert sum(len(five(name, task)) for name in names for task in ("code", "prose")) == 30
    assert rests_on(FINDINGS["planted"]()).endswith("4 planted changes")


def test_a_forest_has_a_value_or_a_gap_for_each_lane() -> None:
    for make in FINDINGS.values():
        figure = make().figure
        if isinstance(figure, Rows):
            assert all(len(row.values) == len(figure.lanes) for row in figure.rows)
            assert all(figure.x.low <= 0 <= figure.x.high for _ in figure.rows)


def test_a_word_that_does_not_follow_stops_the_page() -> None:
    page = Page(SimpleNamespace(page=SimpleNamespace(url="", meta={})))
    address = "answers/strength: dora 4, points"
    assert page.word("ahead", address) == "ahead"
    with pytest.raises(ValueError, match=r"dora 4, points is not 'level': 1\.1 points ahead"):
        page.word("level", address)
    with pytest.raises(LookupError):
        page.word("ahead", "answers/strength: nothing, points")
