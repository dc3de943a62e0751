"""Results of the experiment's runs: intervals, pairs of seeds, forgetting on the way."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import fmean

import pytest
from scipy import stats

from scripts.catalog import read as read_catalog
from scripts.studies.experiment import COLUMNS
from scripts.survey.facts.reader import paired
from scripts.survey.facts.say import lead
from scripts.survey.results.experiment import (
    REACH,
    Cell,
    Run,
    at_rate,
    cell,
    finals,
    forgetting,
    forgetting_at,
    good_rates,
    halfway,
    improvement,
    loss,
    methods,
    read,
    remembered,
    sources,
    transfer,
)
from scripts.survey.results.questions import Name, Question, question
from scripts.survey.results.trained import as_lora, reach_predicts, reached
from scripts.survey.sources.evidence import findings
from scripts.survey.statistics.intervals import Interval, interval, kendall

ROW = {
    "method": "lora 4", "slug": "lora", "knobs": "alpha=8.0 rank=4", "place": "all", "arm": "",
    "parameters": "18432", "task": "code", "base": "0", "width": "64", "batch": "4", "steps": "400",
    "rate": "0.01", "seed": "1", "phase": "final", "validation": "3", "test": "3.1", "sibling": "",
    "held": "3.4", "start_validation": "4.8", "start_test": "4.7", "start_held": "2.4",
    "improvement": "0.8", "forgetting": "1", "curve_validation": "4.0 3.0", "curve_held": "2.8 3.4",
    "status": "done", "key": "k",
}  # fmt: skip


def table(path: Path, *changes: dict[str, str]) -> Path:
    rows = [ROW | change for change in changes]
    lines = [",".join(COLUMNS), *(",".join(row[column] for column in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def runs(tmp_path: Path, *tests: float, method: str = "lora 4") -> dict[int, Run]:
    changes = [{"method": method, "seed": str(i), "test": str(t)} for i, t in enumerate(tests, 1)]
    return {run.seed: run for run in read(table(tmp_path / "t.csv", *changes))}


def test_a_row_is_read_as_what_its_columns_hold(tmp_path: Path) -> None:
    (run,) = read(table(tmp_path / "t.csv", {}))
    assert (run.parameters, run.test, run.sibling) == (18432, 3.1, None)
    assert run.curve_held == (2.8, 3.4)


def test_a_rate_that_was_not_run_is_told() -> None:
    assert at_rate("lora 4", 0.01).phase == "sweep"
    with pytest.raises(LookupError, match=r"lora 4 has no run at the rate 0\.5"):
        at_rate("lora 4", 0.5)


def test_an_interval_is_students_and_wider_among_many() -> None:
    values = [0.9, 1.0, 1.1, 1.3, 0.7]
    found = interval(values)
    low, high = stats.t.interval(0.95, 4, loc=1.0, scale=stats.sem(values))
    assert found == pytest.approx((1.0, low, high))
    assert interval(values, among=10).low < found.low
    assert not found.none
    assert Interval(0.1, -0.1, 0.3).none


def test_forgetting_is_read_where_the_curve_passes_a_loss(tmp_path: Path) -> None:
    (run,) = runs(tmp_path, 3.0).values()
    assert forgetting_at(run, 4.4) == pytest.approx(0.2)  # half of the way to the first point
    assert forgetting_at(run, 3.5) == pytest.approx(0.7)
    assert forgetting_at(run, 2.9) is None


def test_only_who_is_near_with_the_whole_interval_is_called_level() -> None:
    words, found = ("less", "more"), Interval(0.1, -0.1, 0.3)
    ends = "(0.100 nats more, 0.100 less to 0.300 more)"
    assert lead(found, words, level=0.3) == f"level {ends}"
    assert lead(found, words, level=0.29) == f"not told apart {ends}"
    assert lead(Interval(-0.1, -0.2, -0.05), words) == "0.100 nats less (0.050 to 0.200)"


# Questions ----------------------------------------------------------------------------------------


def asked(**more: object) -> Question:
    fields = {"key": "q", "baseline": "lora 4", "arms": ["dora 4", "oft 16"]}
    return Question.model_validate(fields | {"measures": ["loss"], "cells": ["code"]} | more)


def test_an_interval_is_corrected_for_the_number_of_arms() -> None:
    ours, theirs = finals("oft 16"), finals("lora 4")
    assert asked().found("oft 16") == paired(ours, theirs, loss, 2)
    wide = asked(arms=["dora 4", "oft 16", "hra 8"]).found("oft 16")
    assert wide == paired(ours, theirs, loss, 3)
    assert asked(cells=["code", "prose", "memory"], family="cells").among(Cell()) == 3
    assert asked(arms=["dora 4", "boft 8"], family="ran").among(Cell("memory")) == 1
    assert question("any").among(Cell()) == len(methods(Cell())) - 1 == 69


@pytest.mark.parametrize(
    ("arm", "measure", "on", "beside", "message"),
    [
        ("hra 8", "loss", "code", "", "the question 'q' has no arm 'hra 8': dora 4, oft 16"),
        ("oft 16", "early", "code", "", "the question 'q' has no measure 'early': loss"),
        ("oft 16", "loss", "prose", "", "the question 'q' has no cell"),
        ("oft 16", "loss", "code", "full", "the question 'q' has no arm 'full'"),
    ],
)
def test_what_a_question_does_not_ask_has_no_answer(
    arm: str, measure: Name, on: str, beside: str, message: str
) -> None:
    with pytest.raises(LookupError, match=message):
        asked().found(arm, measure, cell(on), beside)


def test_an_arm_without_its_seeds_has_no_answer() -> None:
    with pytest.raises(LookupError, match="'boft 8' has not been run with all seeds"):
        asked(arms=["boft 8"], cells=["memory"]).found("boft 8", "loss", Cell("memory"))
    with pytest.raises(LookupError, match="no question 'what'"):
        question("what")


def test_a_cell_is_named_in_words() -> None:
    assert cell() == Cell("code", 0, 64, 4, 400)
    assert cell("prose, base 2, steps 1600") == Cell("prose", 2, 64, 4, 1600)
    with pytest.raises(ValueError, match="'poetry' is neither"):
        cell("poetry")


def test_agreement_is_over_the_methods_that_both_rank() -> None:
    assert kendall({"a": 1, "b": 2, "c": 0}, {"a": 5, "b": 9}) == 1
    assert kendall({"a": 1, "b": 2}, {"a": 2, "b": 1}) == -1


# As a source of evidence --------------------------------------------------------------------------


def five(method: str, mean: float, **more: str) -> list[dict[str, str]]:
    slug = method.partition(" ")[0]
    return [
        {"method": method, "slug": slug, "seed": str(i), "improvement": f"{mean + d:.2f}"} | more
        for i, d in enumerate((-0.02, -0.01, 0.0, 0.01, 0.02), 1)
    ]


def test_the_experiment_is_a_weak_source_of_ours_that_adopts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "docs/data/experiment.csv"
    path.parent.mkdir(parents=True)
    rows = [
        *five("full", 1.0),
        *five("lora 4", 0.8),
        *five("oft 16", 0.9, parameters="19000"),
        *five("oft 16", 0.5, task="teacher lora"),
        *five("oft 16", 0.1, steps="1600"),
        *five("dora 4", 0.99, arm="fixed magnitude"),
    ]
    table(path, *rows)
    (source,) = sources(tmp_path)
    ((one,),) = ([row for row in t.rows if row.method == "oft"] for t in source.tables)
    assert [number.shown for number in (*one.values, *one.spread) if number] == ["90.0", "1.6"]
    assert one.parameters == 0.019
    methods = read_catalog().methods
    found = findings({slug: methods[slug].modules for slug in ("oft", "dora")}, [source], {})
    assert {f.dimension: (f.finding, f.run_by, f.strength, f.claimed_by) for f in found["oft"]} == {
        "BL": ("for", "independent", "weak", "us")
    }
    assert found["dora"] == ()


def test_there_is_no_source_without_a_table(tmp_path: Path) -> None:
    assert sources(tmp_path) == ()


@pytest.mark.parametrize(("task", "least"), [("code", 20), ("prose", 20)])
def test_nothing_as_small_as_lora_is_ahead_of_it(task: str, least: int) -> None:
    """Check docs/experiment/protocol.md, in short."""
    there = Cell(task)
    lora = finals("lora 4", there)
    small = [
        found
        for name in methods(there)
        if (found := finals(name, there))[1].parameters <= lora[1].parameters
        and found[1].slug != "lora"
    ]
    assert len(small) >= least
    leads = {found[1].method: paired(found, lora, loss).high for found in small}
    assert [name for name, high in leads.items() if high < 0] == []


def test_the_two_texts_contradict_each_other_nowhere() -> None:
    """Check docs/experiment/protocol.md on placement, and on who learns nothing of a novel."""
    code, prose = Cell("code"), Cell("prose")
    both = [name for name in methods(prose) if name in methods(code) and name != "lora 4"]
    for name in both:
        one, other = (
            paired(finals(name, there), finals("lora 4", there), loss, len(both))
            for there in (code, prose)
        )
        assert one.none or other.none or one.mean * other.mean > 0, name
    for name in ("ether", "prefix_tuning 32"):
        assert abs(interval(map(improvement, finals(name, prose).values())).mean) < 0.03
        assert interval(map(improvement, finals(name, code).values())).mean > 0.4
    assert len(both) == 39


def test_three_that_the_questions_compare_are_level_on_code_alone() -> None:
    """Check docs/experiment/protocol.md on tasks."""
    families = {
        3: ["pissa 4", "pissa 4, random basis", "pissa 4, minor"],
        6: ["dora 4", "dora 4, fixed magnitude", "dora 4, whole derivative", "delora 4",
            "ether_plus", "ether"],
        5: ["oft 16", "boft 8", "hra 8", "psoft 32", "goft"],
        2: ["lora 7, inner", "lora 9, attention"],
    }  # fmt: skip
    ways = {
        name: tuple(
            (found.low > 0) - (found.high < 0)
            for there in (Cell("code"), Cell("prose"))
            for found in [paired(finals(name, there), finals("lora 4", there), loss, among)]
        )
        for among, names in families.items()
        for name in names
    }
    assert {name: way for name, way in ways.items() if way[0] != way[1]} == {
        "lora 7, inner": (0, -1),
        "dora 4, fixed magnitude": (0, 1),
        "pissa 4, minor": (0, 1),
    }


def test_gains_and_turns_stand_as_the_pages_of_ia3_road_c3a_and_reft_say() -> None:
    code, prose = (
        {
            "road 1": paired(finals("ia3", there), finals("road 1", there), loss),
            "goft": paired(finals("ia3", there), finals("goft", there), loss),
            "reft": paired(finals("reft", there), finals("lora 1", there), loss),
        }
        for there in (Cell("code"), Cell("prose"))
    )
    assert code["road 1"].none
    assert lead(prose["road 1"]) == "0.016 nats ahead (0.014 to 0.018)"
    assert code["goft"].high < 0 > prose["goft"].high
    assert lead(code["reft"]).startswith("0.018 nats behind")
    assert prose["reft"].none
    assert 0.85 < finals("reft")[1].parameters / finals("lora 1")[1].parameters < 0.95
    c3a, lora = finals("c3a 8"), finals("lora 4")
    assert paired(c3a, lora, loss, len(methods(Cell())) - 1).none
    assert 1.3 < c3a[1].parameters / lora[1].parameters < 1.4
    improvements = [
        round(100 * interval(map(improvement, finals(name, Cell("prose")).values())).mean)
        for name in ("svft 0", "ln_tuning", "ia3")
    ]
    assert improvements == [30, 38, 41]


SHORT = (
    *("pissa 4", "delora 4", "oft 16", "hra 8", "miss 8", "shira 0.094", "ia3", "ln_tuning"),
    *("dora 4", "full"),
)


def test_many_as_small_as_lora_leave_the_plateau_of_memory_before_it() -> None:
    """Check docs/experiment/protocol.md, in short, and the pages of these methods."""
    there = Cell("memory")
    lora, known = finals("lora 4", there), (*SHORT, "lora 4")
    ahead = {
        name for name in known if paired(finals(name, there), lora, loss, len(SHORT) - 1).high < 0
    }
    assert ahead == {"full", "pissa 4", "delora 4", "oft 16", "hra 8", "miss 8", "shira 0.094"}
    shares = {n: max(map(remembered, finals(n, there).values())) for n in known if n != "full"}
    assert max(shares, key=lambda name: shares[name]) == "shira 0.094"
    assert len(shares) == 10
    *nothing, one = sorted(map(remembered, lora.values()))
    assert max(nothing) < 0
    assert round(100 * one) == 6


def test_the_short_list_stands_to_lora_alike_in_three_base_models() -> None:
    """Check what docs/experiment/protocol.md says would overturn an answer."""
    level = []
    for there in (Cell(task, base) for task in ("code", "prose") for base in (0, 1, 2)):
        lora = finals("lora 4", there)
        for name in SHORT:
            found = paired(finals(name, there), lora, loss, len(SHORT) + 1)
            assert (found.mean < 0) == (name in ("dora 4", "full"))
            if found.none:
                level.append((name, there))
    assert level == [("shira 0.094", Cell("code", 1))]
    for base in (0, 1, 2):
        pissa, random = (finals(n, Cell(base=base)) for n in ("pissa 4", "pissa 4, random basis"))
        assert len(random) == 5
        assert paired(pissa, random, loss, 3).high < 0
    minor = [
        paired(finals("pissa 4, minor", there), finals("pissa 4", there), loss, 3)
        for there in (Cell(base=base) for base in (0, 1, 2))
    ]
    assert [found.none for found in minor] == [False, False, True]
    assert max(found.high for found in minor[:2]) < 0


def test_a_strong_start_buys_no_speed_that_lasts() -> None:
    """Check docs/experiment/protocol.md on PiSSA on the way, on code and on prose."""

    def on_the_way(other: str, there: Cell, point: int) -> Interval:
        ours, theirs = finals("pissa 4", there), finals(other, there)
        return paired(ours, theirs, lambda run: run.curve_validation[point], 3)

    behind = [
        [on_the_way("lora 4", Cell(base=base), point).low > 0 for point in range(10)]
        for base in (0, 1, 2)
    ]
    assert behind == [[False] + 9 * [True], 3 * [False] + 7 * [True], 10 * [False]]
    for base in (0, 1, 2):
        pissa, lora = (finals(name, Cell(base=base)) for name in ("pissa 4", "lora 4"))
        assert paired(pissa, lora, loss, 3).low > 0
        assert on_the_way("pissa 4, random basis", Cell(base=base), 0).none
    for other in ("lora 4", "pissa 4, random basis"):
        assert on_the_way(other, Cell("prose"), 0).low > 0
    for name in ("pissa 4", "pissa 4, minor", "pissa 4, random basis"):
        assert finals(name, Cell("prose"))[1].rate == pytest.approx(0.01)


def test_length_changes_one_answer() -> None:
    long = Cell(steps=1600)
    lora, dora, pissa = (finals(name, long) for name in ("lora 4", "dora 4", "pissa 4"))
    assert paired(dora, lora, loss, 6).high < 0 < paired(pissa, lora, loss, 3).low
    random = finals("pissa 4, random basis", long)
    assert paired(pissa, random, loss, 3).none
    assert all(run.test < random[seed].test for seed, run in pissa.items())


def test_lora_falls_further_behind_full_tuning_with_the_batch() -> None:
    """Check docs/experiment/protocol.md on question i."""
    cells = [Cell(batch=batch) for batch in (1, 4, 16)]
    gaps = [paired(finals("lora 4", c), finals("full", c), loss, 3) for c in cells]
    assert 0 < gaps[0].low < gaps[0].high < gaps[1].low < gaps[1].high < gaps[2].low
    assert 1.7 < gaps[2].mean / gaps[0].mean < 2
    rates = {name: [finals(name, c)[1].rate for c in cells] for name in ("full", "lora 4")}
    for one, four, sixteen in rates.values():
        assert one == four
        assert sixteen / four == pytest.approx(10**0.5, rel=1e-4)


def test_most_of_what_a_larger_batch_adds_is_the_text_that_it_reads() -> None:
    """Check docs/experiment/protocol.md on 1600 steps of four sequences and 400 of sixteen."""
    four, long, sixteen = (
        [
            run.test - finals("full", there)[seed].test
            for seed, run in finals("lora 4", there).items()
        ]
        for there in (Cell(), Cell(steps=1600), Cell(batch=16))
    )
    share = (fmean(long) - fmean(four)) / (fmean(sixteen) - fmean(four))
    assert f"{100 * share:.0f} %" == "86 %"
    between = stats.ttest_ind(sixteen, long, equal_var=False).confidence_interval()
    found = (fmean(sixteen) - fmean(long), between.low, between.high)
    assert [f"{value:.3f}" for value in found] == ["0.016", "0.004", "0.027"]


def test_at_twice_the_width_every_sign_is_the_same() -> None:
    """Check docs/experiment/protocol.md on the sister of the base model."""
    names = ("full", "dora 4", "pissa 4", "oft 16", "ia3")
    for there in (Cell(), Cell(width=128)):
        lora = finals("lora 4", there)
        leads = [paired(finals(name, there), lora, loss, len(names)) for name in names]
        assert [found.high < 0 for found in leads] == [True, True, False, False, False]
        assert [found.low > 0 for found in leads] == [False, False, True, True, True]
    narrow, wide = (
        interval(map(improvement, finals("ia3", Cell(width=width)).values())) for width in (64, 128)
    )
    assert 0.04 < wide.mean - narrow.mean < 0.08
    assert finals("full", Cell(width=128))[1].parameters == 4 * 12 * 128**2


def test_reach_and_result_go_together_only_through_numbers() -> None:
    """Check docs/experiment/protocol.md and docs/lab.md on question h."""
    with REACH.open(encoding="utf-8", newline="") as file:
        unfinished = {r["method"] for r in csv.DictReader(file) if int(r["stopped"])}
    assert unfinished == {"loha 8", "lora 32", "oft 64"}
    assert 0.8 < reach_predicts("share").rho < reach_predicts("parameters").rho
    assert len(reached(alike=True)) == 20
    alike = [reach_predicts(what, alike=True).rho for what in ("share", "kept")]
    assert max(map(abs, alike)) < 0.2


def test_half_of_the_way_is_passed_by_many_while_the_rate_rises() -> None:
    """Check docs/experiment/protocol.md on forgetting half-way, and on five rotations."""
    half, lora = halfway(Cell()), finals("lora 4")
    passed = [
        all(run.curve_validation[0] <= half for run in finals(name).values())
        for name in methods(Cell())
    ]
    assert (sum(passed), len(passed)) == (20, 70)
    more = {}
    for name in ("oft 16", "boft 8", "hra 8", "psoft 32", "goft"):
        ours = finals(name)
        at_half = []
        for seed, run in ours.items():
            pair = [forgetting_at(r, half) for r in (run, lora[seed])]
            assert pair[0] is not None
            assert pair[1] is not None
            at_half.append(pair[0] - pair[1])
        end = paired(ours, lora, forgetting, 5)
        more[name] = (interval(at_half, 5).low > 0, end.low > 0)
        assert paired(ours, lora, loss, 5).low > 0
    assert [name for name, found in more.items() if found != (True, True)] == ["psoft 32"]
    assert more["psoft 32"] == (False, True)


def test_who_knows_the_form_of_what_was_planted_is_nearest() -> None:
    """Check docs/experiment/protocol.md on teachers; SHiRA's places are not the teacher's."""
    students = {"lora": "lora 4", "oft": "oft 16", "ia3": "ia3"}
    for form in ("lora", "oft", "ia3", "shira"):
        there = Cell(f"teacher {form}")
        full = finals("full", there)
        assert len(full) == 5
        for name in ("lora 4", "oft 16", "shira 0.094", "ia3"):
            ours = finals(name, there)
            times = fmean(map(loss, ours.values())) / fmean(map(loss, full.values()))
            if students.get(form) == name:
                assert paired(ours, full, loss, 4).high < 0
                assert paired(ours, finals("lora 4", there), loss, 4).high < 0 or name == "lora 4"
            else:
                assert 3 < times < 11.5


# Words --------------------------------------------------------------------------------------------


def test_what_the_claims_say_in_words_holds() -> None:
    """Their numbers have addresses; how often, how open and how alike is said in words."""
    assert good_rates("ether_plus") == good_rates("delora 4")
    leads = {
        name: sum(
            paired(finals(name, there), finals("lora 4", there), transfer, 6).high < 0
            for there in (Cell(base=base) for base in (0, 1, 2))
        )
        for name in ("dora 4", "delora 4")
    }
    assert leads == {"dora 4": 1, "delora 4": 0}
    assert all(good_rates(name).open for name in ("delora 4", "ether", "ether_plus"))
    assert good_rates("dora 4") == good_rates("lora 4")
    dora = interval(map(improvement, finals("dora 4").values()))
    assert dora.low < as_lora("dora 4", Cell()) < dora.high
    fixed = paired(finals("dora 4, fixed magnitude"), finals("lora 4"), loss, 6)
    assert fixed.none
    others = [
        paired(finals("dora 4, fixed magnitude", there), finals("lora 4", there), loss, 6)
        for there in (Cell(base=1), Cell(base=2))
    ]
    assert others[0].low > 0
    assert others[1].none
