"""One source has one effect, who printed it is told, and risk of bias is read off its tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from scripts.bootstrap import ROOT
from scripts.survey.facts.papers import read_tables
from scripts.survey.facts.records import CatalogError
from scripts.survey.facts.result import Source
from scripts.survey.facts.say import signed
from scripts.survey.sources import baselines, bias
from scripts.survey.sources.bias import DOMAINS, GROUPS, Judgement, Typed, judged, most
from scripts.survey.sources.forest import (
    WORTH,
    Comparison,
    comparisons,
    effects_csv,
    pooled_csv,
    read,
    sources,
)
from scripts.survey.sources.providers import facts
from scripts.survey.statistics.pool import ENOUGH, Pooled


def source(
    key: str, *values: float, authors_of: tuple[str, ...] = (), spread: str = "", **more: object
) -> Source:
    """Return a source with a table for each value of OFT above LoRA's 80."""
    about = {"model": "LLaMA", "metrics": ["average"], "measure": "accuracy", **more}

    def row(method: str, value: float) -> dict[str, object]:
        return {"method": method, "parameters": 1, "values": f"{value}", "spread": spread or ()}

    tables = [
        {"id": f"table-{i}", "place": f"Table {i}", "suite": f"suite {i}", **about}
        | {"rows": [row("lora", 80), row("oft", 80 + value)]}
        for i, value in enumerate(values)
    ]
    return Source.model_validate({"key": key, "authors_of": authors_of, "tables": tables})


OFT = (
    source("a2023", 4, 6, 8, authors_of=("oft",)),
    source("b2024", 1, authors_of=("hra",)),
    source("c2025", -1, 0, 1),
)


def beside(found: tuple[Source, ...] = OFT) -> Comparison:
    return comparisons(found, {"oft": ["oft"]}, "lora", {}, {})["oft"]


def test_a_source_has_the_mean_of_its_comparisons_and_its_group() -> None:
    found = beside()
    assert [line.group for line in found.lines] == ["authors", "rivals", "independents"]
    assert [round(line.effect, 9) for line in found.lines] == [6, 1, 0]
    typical = 2.5  # the median of the variances 4 and 1
    squares = [8, 0, 2]
    for line, square, n in zip(found.lines, squares, (3, 1, 3), strict=True):
        assert line.variance == pytest.approx((square + WORTH * typical) / (n - 1 + WORTH) / n)
        assert line.interval.low < line.effect < line.interval.high
    assert [len(found.of(side)) for side in ("all", "home", "away")] == [3, 1, 2]
    assert found.over("home") is found.over("away") is None
    assert found.all
    assert 0 < found.all.mean < 6


def test_more_comparisons_of_one_source_are_no_more_sources() -> None:
    many = source("c2025", *[-1, 0, 1] * 20)
    found, before = beside((*OFT[:2], many)), beside()
    assert len(found.of("all")) == len(before.of("all")) == 3
    assert found.lines[2].effect == pytest.approx(before.lines[2].effect)
    assert found.lines[2].variance < before.lines[2].variance


def test_the_site_s_own_experiment_is_shown_and_not_pooled() -> None:
    for each in read().values():
        for found in each.values():
            assert [line for line in found.of("all") if line.source.ours] == []
            assert (found.all is None) == (len(found.of("all")) < ENOUGH)
            order = [list(GROUPS).index(line.group) for line in found.lines]
            assert order == sorted(order)
    assert any(line.group == "here" for line in read()["lora"]["oft"].lines)


def test_a_difference_in_deviations_is_hedges_g() -> None:
    # d is 3 / 1.5, and 1 − 3 / (4 (2 · 5 − 2) − 1) corrects it for few seeds.
    assert standard(spread="1.5", seeds=5) == pytest.approx(2 * (1 - 3 / 31))
    assert standard(seeds=5) is standard(spread="1.5") is None
    assert standard(spread="1.5", seeds=5, spread_is="error") is None


def standard(**more: object) -> float | None:
    """Return what a source finds that is three points ahead."""
    found = beside((*OFT[:2], source("z2026", 3, **more)))  # type: ignore[arg-type]
    return found.lines[-1].standard


def test_tables_and_addresses_hold_the_same_numbers() -> None:
    effects, pooled = (
        list(csv.DictReader(io.StringIO(text)))
        for text in (effects_csv(read()), pooled_csv(read()))
    )
    for row in pooled:
        if row["printed_by"] != "all":
            continue
        where = (row["method"], row["baseline"])
        address = f"pooled/{row['baseline']}: {row['method']}"
        assert facts().say(f"{address}, sources") == row["sources"]
        assert facts().say(f"{address}, certainty") == row["certainty"]
        weighed = [r for r in effects if (r["method"], r["baseline"]) == where and r["weight"]]
        if row["mean"]:
            assert len(weighed) == int(row["sources"])
            # Rounded to three decimals, weights need not add up to one.
            weights = [float(r["weight"]) for r in weighed]
            assert sum(weights) == pytest.approx(1, abs=0.0005 * len(weights))
            mean = sum(float(r["weight"]) * float(r["effect"]) for r in weighed) / sum(weights)
            assert mean == pytest.approx(float(row["mean"]), abs=0.02)
            # A mean of three decimals may lie on the edge between two of one.
            near = {signed(float(row["mean"]) + off, 1) for off in (-0.0005, 0, 0.0005)}
            assert facts().say(f"{address}, mean") in near
        else:
            assert weighed == []


# Risk of bias -------------------------------------------------------------------------------------


def test_every_source_is_judged_in_every_domain() -> None:
    typed = bias.read()
    bias.check(sources(), typed)
    for each in sources():
        found = judged(each, each.tables, typed)
        assert [*found] == [*DOMAINS]
        assert all(one.says for one in found.values())
    rows = list(csv.DictReader(io.StringIO(bias.table(sources(), typed))))
    assert len(rows) == len(sources()) * len(DOMAINS)


def test_what_tables_state_is_judged_and_what_they_do_not_is_not_stated() -> None:
    s = source("a2023", 1, authors_of=("oft",), rates="method_tuned", seeds=5, spread="1")
    found = judged(s, s.tables, {}, ["oft"])
    assert {d: j.risk for d, j in found.items()} == {
        "interest": "high", "tuning": "high", "rates": "not stated", "chosen": "not stated",
        "seeds": "low", "copied": "low", "budget": "low", "selective": "not stated",
    }  # fmt: skip
    assert judged(s, s.tables, {}, ["hra"])["interest"].risk == "some"
    spoken: bias.Typing = {
        "a2023": {"chosen": (Typed(risk="low", says="split", tables=("table-0",)),)}
    }
    assert judged(s, s.tables, spoken)["chosen"] == Judgement("low", "split")


def test_a_source_is_as_most_of_its_tables_are_and_says_which() -> None:
    low, high = Judgement("low", "a"), Judgement("high", "b")
    assert most([low, high, low], ["T1", "T2", "T1"]) == Judgement("low", "a (T1); b (T2)")
    assert most([low, high], ["T1", "T2"]).risk == "high"
    assert most([low, low], ["T1", "T2"]) == low
    many = most([*[low] * 4, high], ["T1", "T2", "T3", "T4", "T5"])
    assert many.says == "a (4 tables); b (T5)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nobody2020:\n  chosen: [{risk: low, says: x}]", "nobody2020 is no source of tables"),
        (
            "a2023:\n  chosen: [{risk: low, says: x, tables: [table-9]}]",
            "no table is called 'table-9'",
        ),
        ("a2023:\n  luck: [{risk: low, says: x}]", "a2023"),
        ("a2023:\n  chosen: [{risk: none, says: x}]", "Input should be 'low', 'some' or 'high'"),
    ],
)
def test_a_judgement_of_nothing_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "docs/data/bias.yml"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    with pytest.raises(CatalogError, match=message):
        bias.check(OFT, bias.read(tmp_path))


# The index of baselines ---------------------------------------------------------------------------


def test_a_paper_says_of_how_many_tables_the_rate_was_searched() -> None:
    papers = {paper.source.key: paper for paper in baselines.papers()}
    assert len(papers) == len(baselines.records()) == len(read_tables(ROOT))
    for paper in papers.values():
        assert 0 <= paper.searched <= paper.of
        assert (paper.word == "searched") == (0 < paper.searched == paper.of)
    assert papers["zhang2023adalora"].word == "searched"
    assert papers["meng2024pissa"].word == "searched in part"
    assert papers["liu2024dora"].word == "one rate"
    assert papers["lester2021prompt"].word == "no LoRA"


def test_a_badge_says_the_word_and_two_raters_agree_as_counted() -> None:
    assert ">LoRA’s rate: searched</text>" in baselines.files()["badges/zhang2023adalora.svg"]
    assert baselines.kappa([(True, False), (False, True)]) == -1
    one, other = (Pooled(mean, mean - 1, mean + 1, 0, 0, 0, ()) for mean in (3, 1))
    found = baselines.difference(one, other)
    assert found == pytest.approx((2, 2 - 2**0.5, 2 + 2**0.5))
