"""Tables become findings by the rule of the rubric, and wrongly typed findings are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

import pytest

from scripts.bootstrap import ROOT
from scripts.catalog import read
from scripts.survey.facts.pair import Models, read_models
from scripts.survey.facts.papers import read_tables
from scripts.survey.facts.peft import benchmark
from scripts.survey.facts.records import CatalogError
from scripts.survey.facts.result import Source
from scripts.survey.sources.evidence import findings
from scripts.survey.sources.rule import Finding

MODELS: Models = {"RoBERTa": 100.0}


def paper(folder: Path, text: str) -> Source:
    path = folder / "docs/data/tables/paper.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    (found,) = read_tables.__wrapped__(folder)
    return found


def table(rows: str, authors: str = "boft", **fields: str) -> str:
    """A file with one table of one metric, whose fields may be replaced."""
    about = {
        "id": "table-1",
        "place": "Table 1",
        "model": "RoBERTa",
        "suite": "GLUE",
        "metrics": "[average]",
        "measure": "accuracy",
    } | fields
    lines = [f"    {name}: {value}" for name, value in about.items()]
    lines += ["    rows:", indent(dedent(rows).strip(), "      ")]
    lines[0] = "  - " + lines[0].strip()
    return "\n".join((f"authors_of: [{authors}]", "tables:", *lines, ""))


def found(folder: Path, text: str, slug: str = "boft") -> dict[str, Finding]:
    """The findings of a page by dimension, WA left out."""
    methods = read().methods
    rows = findings({slug: methods[slug].modules}, [paper(folder, text)], MODELS)[slug]
    by_dimension: dict[str, Finding] = {f.dimension: f for f in rows if f.dimension != "WA"}
    assert len(by_dimension) == len([f for f in rows if f.dimension != "WA"])
    return by_dimension


def sides(rows: Mapping[str, Finding]) -> dict[str, tuple[str, str]]:
    return {dimension: (f.finding, f.strength) for dimension, f in rows.items()}


def test_a_unit_is_full_where_all_is_run_tuned_and_repeated(tmp_path: Path) -> None:
    rows = """
        - {method: full, parameters: 100, values: "88.0"}
        - {method: lora, parameters: 0.4, values: "87.0"}
        - {method: boft, parameters: 0.4, values: "88.2"}
    """
    text = table(rows, rates="both_tuned", seeds="3")
    full = found(tmp_path, text)
    # 1.2 points ahead of LoRA; 0.2 ahead of full is level, which is what BF and PE ask for.
    assert sides(full) == {"PE": ("for", "full"), "BL": ("for", "full"), "BF": ("for", "full")}
    assert full["BL"].weight == 2
    assert full["BL"].run_by == "authors"
    assert full["BL"].source == "paper, Table 1"
    assert full["BL"].unit == "RoBERTa, GLUE"
    assert full["BL"].numbers == (
        "boft: 88.2 against 87.0 (LoRA; level within 0.5), 0.4 M = 0.4 % against 0.4 M = 0.4 %"
    )
    for less in ({"rates": "shared", "seeds": "3"}, {"rates": "both_tuned", "seeds": "2"}):
        assert found(tmp_path, table(rows, **less))["BL"].strength == "weak"
    copied = table(rows.replace('0.4, values: "87.0"', '0.4, run: "copied:a", values: "87.0"'))
    assert found(tmp_path, copied)["BL"].strength == "weak"
    by_others = found(tmp_path, text.replace("[boft]", "[]"))["BL"]
    assert (by_others.run_by, by_others.weight) == ("independent", 4)
    assert found(tmp_path, text.replace("[boft]", "[vera]"))["BL"].run_by == "rival"


def test_authors_are_those_of_any_module_of_the_page(tmp_path: Path) -> None:
    rows = """
        - {method: lora, parameters: 0.4, values: "87.0"}
        - {method: ether, parameters: 0.4, values: "88.2"}
    """
    assert found(tmp_path, table(rows, "ether_plus"), "ether")["BL"].run_by == "authors"


@pytest.mark.parametrize(
    ("difference", "millions", "expected"),
    [
        (0.5, 0.4, ("for", "weak")),
        (0.49, 0.4, ("level", "weak")),
        (-0.5, 0.4, ("against", "weak")),
        # Up to 1.1 times as many numbers is a comparable budget, more is none.
        (2, 0.44, ("for", "weak")),
        (2, 0.45, None),
        # Level with a quarter of them is for, behind with a quarter is against.
        (0, 0.1, ("for", "weak")),
        (0, 0.11, ("level", "weak")),
        (-1, 0.1, ("against", "weak")),
    ],
)
def test_lora_is_met_at_its_own_budget(
    tmp_path: Path, difference: float, millions: float, expected: tuple[str, str] | None
) -> None:
    rows = f"""
        - {{method: lora, parameters: 0.4, values: "80.00"}}
        - {{method: boft, parameters: {millions}, values: "{80 + difference:.2f}"}}
    """
    assert sides(found(tmp_path, table(rows))).get("BL") == expected


def test_a_few_numbers_make_a_full_unit_weak_unless_it_is_ahead(tmp_path: Path) -> None:
    rows = """
        - {{method: lora, parameters: 0.4, values: "80.0"}}
        - {{method: boft, parameters: 0.1, values: "{}"}}
    """
    fields = {"rates": "both_tuned", "seeds": "5"}
    for value, expected in (("81.0", "full"), ("80.0", "weak"), ("79.0", "weak")):
        assert found(tmp_path, table(rows.format(value), **fields))["BL"].strength == expected


def test_a_few_cells_of_a_suite_are_no_unit(tmp_path: Path) -> None:
    rows = """
        - {method: lora, parameters: 0.4, values: "80.0 80.0 80.0"}
        - {method: boft, parameters: 0.4, values: "%s"}
    """
    for values, counts in (("85.0 85.0 –", True), ("85.0 – –", False)):
        text = table(rows % values, metrics="[CoLA, RTE, SST-2]")
        assert ("BL" in found(tmp_path, text)) == counts


def test_an_adapter_that_ran_on_a_part_of_a_suite_has_no_say_about_full_tuning(
    tmp_path: Path,
) -> None:
    rows = """
        - {method: full, parameters: 100, values: "80.0 80.0 80.0"}
        - {method: boft, parameters: 0.4, values: "81.0 81.0 81.0"}
        - {method: lora, parameters: 0.4, values: "82.0 82.0 82.0"}
        - {method: dora, parameters: 0.4, values: "79.0 79.0 79.0"}
        - {method: vera, parameters: 0.4, values: "79.0 79.0 79.0"}
        - {method: goft, parameters: 0.4, values: "82.0 – –"}
        - {method: qgoft, parameters: 0.4, values: "82.0 – –"}
    """
    text = table(rows, metrics="[CoLA, RTE, SST-2]")
    assert "BF" in found(tmp_path, text)
    assert "BF" not in found(tmp_path, text.replace('"82.0 – –"', '"82.0 82.0 –"'))


def test_a_spread_of_one_side_is_none_of_a_difference(tmp_path: Path) -> None:
    rows = """
        - {{method: lora, parameters: 0.4, values: "80.0", spread: "{}"}}
        - {{method: boft, parameters: 0.4, values: "80.4"{}}}
    """

    def bl(text: str) -> str:
        return found(tmp_path, table(text))["BL"].finding

    assert bl(rows.format("0.1", ', spread: "0.1"')) == "for"
    assert bl(rows.format("0.1", "")) == "level"  # within half a per cent
    assert bl(rows.format("0.9", "").replace("80.4", "80.8")) == "level"  # within the one side's
    assert bl(rows.format("0.1", "").replace("80.4", "80.5")) == "for"


def test_stored_numbers_are_not_trained_ones(tmp_path: Path) -> None:
    rows = """
        - {{method: full, parameters: 100, values: "80.0"}}
        - {{method: lora, parameters: 0.4, values: "80.0"}}
        - {{method: boft, parameters: 0.1, {}values: "80.0"}}
    """
    assert sides(found(tmp_path, table(rows.format(""))))["BL"] == ("for", "weak")
    trained = found(tmp_path, table(rows.format("trained: 0.3, ")))
    assert sides(trained)["BL"] == ("level", "weak")
    assert trained["BL"].numbers.endswith("0.3 M = 0.3 % against 0.4 M = 0.4 %")
    assert "PE" not in found(tmp_path, table(rows.format("trained: 1.1, ")))


def test_sizes_that_are_said_to_be_alike_are_as_good_as_printed(tmp_path: Path) -> None:
    rows = """
        - {method: lora, values: "80.0"}
        - {method: boft, values: "82.0"}
    """
    fields = {"rates": "both_tuned", "seeds": "3"}
    assert sides(found(tmp_path, table(rows, **fields)))["BL"] == ("for", "weak")
    alike = table(rows, equal_size="true", **fields)
    assert sides(found(tmp_path, alike))["BL"] == ("for", "full")


def test_settings_are_chosen_on_validation_or_by_the_budget(tmp_path: Path) -> None:
    rows = """
        - {{method: full, parameters: 100, values: "90.0"}}
        - {{method: lora, setting: r = 4, parameters: 0.4, values: "87.0"}}
        - {{method: lora, setting: r = 16, parameters: 1.6, values: "88.5"}}
        - {{method: boft, setting: s, parameters: 0.2, values: "88.0"}}
        - {{method: boft, setting: m, parameters: 0.9, {chosen}values: "89.5"}}
        - {{method: boft, setting: l, parameters: 1.5, values: "88.0"}}
    """

    def settings(chosen: str) -> dict[str, str]:
        text = table(rows.format(chosen=chosen))
        return {d: f.numbers.partition(":")[0] for d, f in found(tmp_path, text).items()}

    # Nearest to a LoRA; the largest of at most one per cent; the largest.
    assert settings("") == {"PE": "boft m", "BL": "boft l", "BF": "boft l"}
    assert settings("chosen: validation, ") == {"PE": "boft m", "BL": "boft m", "BF": "boft m"}


def test_a_chosen_setting_gives_way_where_the_question_has_a_budget(tmp_path: Path) -> None:
    rows = """
        - {method: full, parameters: 100, values: "90.0"}
        - {method: lora, parameters: 0.4, values: "87.0"}
        - {method: boft, setting: s, parameters: 0.4, values: "89.5"}
        - {method: boft, setting: l, parameters: 1.5, chosen: default, values: "88.0"}
    """
    text = found(tmp_path, table(rows))
    assert sides(text) == {"PE": ("for", "weak"), "BL": ("for", "weak"), "BF": ("against", "weak")}


def test_what_is_no_unit(tmp_path: Path) -> None:
    rows = """
        - {{method: full, parameters: 100, values: "88.0"}}
        - {{method: lora, parameters: 0.4, values: "87.0"}}
        - {{method: boft, parameters: 0.4, {}values: "90.0"}}
    """
    assert found(tmp_path, table(rows.format("run: 'copied:origin', "))) == {}
    assert found(tmp_path, table(rows.format("same_as: oft, "))) == {}
    assert found(tmp_path, table(rows.format(""), suite="retention after code")) == {}
    other_modules = found(tmp_path, table(rows.format("modules: all layers, ")))
    assert other_modules.keys() == {"PE", "BF"}


def test_full_tuning_that_most_adapters_beat_is_no_baseline(tmp_path: Path) -> None:
    rows = """
        - {{method: full, parameters: 100, values: "80.0"}}
        - {{method: lora, parameters: 0.4, values: "81.0"}}
        - {{method: vera, parameters: 0.4, values: "81.0"}}
        - {{method: dora, parameters: 0.4, values: "{}"}}
        - {{method: boft, parameters: 0.4, values: "82.0"}}
    """
    assert found(tmp_path, table(rows.format("79.0"))).keys() == {"BL"}
    rows = rows.replace('"81.0"', '"80.4"')  # no more than level
    assert found(tmp_path, table(rows.format("81.0"))).keys() == {"PE", "BL", "BF"}


@pytest.mark.parametrize(
    ("value", "share", "expected"),
    [("89.0", 1.0, "for"), ("88.9", 1.0, "against"), ("89.0", 1.01, None)],
)
def test_efficient_is_near_full_tuning_with_few_numbers(
    tmp_path: Path, value: str, share: float, expected: str | None
) -> None:
    rows = f"""
        - {{method: full, parameters: 100, values: "90.0"}}
        - {{method: boft, percent: {share}, values: "{value}"}}
    """
    pe = found(tmp_path, table(rows)).get("PE")
    assert (pe.finding if pe else None) == expected


def test_level_is_inside_the_printed_spread(tmp_path: Path) -> None:
    rows = """
        - {{method: lora, parameters: 0.4, values: "80.0", spread: "0.3"}}
        - {{method: boft, parameters: 0.4, values: "{}", spread: "0.4"}}
    """
    # The spread of the difference is 0.5, twice that where it is a standard error.
    assert sides(found(tmp_path, table(rows.format("80.5"))))["BL"][0] == "level"
    assert sides(found(tmp_path, table(rows.format("80.6"))))["BL"][0] == "for"
    errors = table(rows.format("81.0"), spread_is="error")
    assert sides(found(tmp_path, errors))["BL"][0] == "level"


def test_without_an_average_cells_count_by_their_mean(tmp_path: Path) -> None:
    rows = """
        - {method: lora, parameters: 0.4, values: "80.0 3.0 –", spread: "0.6 0.8 –"}
        - {method: boft, parameters: 0.4, values: "82.0 1.0 5.0", spread: "0.0 0.0 0.1"}
    """
    fields = {"metrics": "[a, error, other]", "lower_is_better": "[error]"}
    bl = found(tmp_path, table(rows, **fields))["BL"]
    # Both cells are 2 better; their mean has the spread of 1 / 2.
    assert "+2.00 (LoRA; mean of 2 cells, better is positive; level within 0.5)" in bl.numbers
    assert bl.finding == "for"


def test_tables_of_one_model_on_one_suite_are_one_unit(tmp_path: Path) -> None:
    rows = """
        - {method: lora, parameters: 0.4, values: "80.0"}
        - {method: boft, parameters: 0.4, values: "82.0"}
    """
    second = table(rows.replace("82.0", "77.0"), id="table-2", place="Table 2").partition(
        "tables:\n"
    )[2]
    bl = found(tmp_path, table(rows) + second)["BL"]
    assert (bl.place, bl.finding) == ("Table 1; Table 2", "against")  # +2 and −3


def test_few_examples_and_shifted_data_are_questions_of_their_own(tmp_path: Path) -> None:
    rows = """
        - {method: full, parameters: 100, values: "85.0 60.0"}
        - {method: lora, parameters: 0.4, values: "86.0 64.0"}
        - {method: boft, parameters: 0.4, values: "88.0 62.0"}
    """
    fields = {"metrics": "[seen, unseen]", "shifted": "[unseen]", "samples": "1000"}
    read_off = found(tmp_path, table(rows, rates="both_tuned", seeds="5", **fields))
    # Ahead of both with 1,000 examples, always weak; ahead of full tuning on what is unseen.
    assert sides(read_off)["DE"] == ("for", "weak")
    assert sides(read_off)["OOD"] == ("for", "full")
    assert "88.0 against 86.0" in read_off["BL"].numbers
    assert "DE" not in found(tmp_path, table(rows, **(fields | {"samples": "1001"})))
    behind_one = table(rows.replace("88.0", "85.7"), **fields)
    assert found(tmp_path, behind_one)["DE"].finding == "level"
    behind_both = table(rows.replace("62.0", "59.0"), **fields)
    assert found(tmp_path, behind_both)["OOD"].finding == "against"


def test_adoption_asks_for_a_run_by_others(tmp_path: Path) -> None:
    rows = """
        - {{method: lora, values: "80.0"}}
        - {{method: boft, {}values: "80.0"}}
    """

    def adopted(text: str) -> list[str]:
        all_rows = findings(
            {"boft": read().methods["boft"].modules}, [paper(tmp_path, text)], MODELS
        )["boft"]
        return [f.source for f in all_rows if f.dimension == "WA"]

    assert adopted(table(rows.format(""), "vera")) == ["paper, Table 1"]
    assert adopted(table(rows.format(""))) == []
    assert adopted(table(rows.format("run: 'copied:origin', "), "vera")) == []
    assert adopted(table(rows.format("same_as: oft, "), "vera")) == []


SAID = """
findings:
  - method: boft
    dimension: DE
    unit: SD, faces
    finding: against
    strength: weak
    place: Figure 8
    says: needs all of the data
"""


def test_what_no_table_holds_is_typed(tmp_path: Path) -> None:
    rows = """
        - {method: lora, values: "80.0"}
        - {method: dora, values: "80.0"}
    """
    de = found(tmp_path, table(rows) + SAID)["DE"]
    assert de == Finding(
        "DE", "paper", "Figure 8", "SD, faces", "against", "authors", "weak", "paper",
        "needs all of the data",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("dimension: DE\n    unit: SD, faces\n    finding: against",
         "dimension: PE\n    unit: SD, faces\n    finding: level",
         "paper.yml: findings.0: boft: PE asks to be level, so what is level is `for`"),
        ("dimension: DE", "dimension: WA",
         "paper.yml: findings.0: boft: WA counts papers that ran it: a finding is `for`"),
        ("dimension: DE", "dimension: XX", "paper.yml: findings.0.dimension: Input should be 'PE'"),
        ("finding: against", "finding: maybe", "paper.yml: findings.0.finding: Input should be"),
        ("strength: weak", "strength: strong", "paper.yml: findings.0.strength: Input should be"),
    ],
)  # fmt: skip
def test_impossible_findings_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    rows = """
        - {method: lora, values: "80.0"}
        - {method: boft, values: "80.0"}
    """
    assert old in SAID
    with pytest.raises(CatalogError, match=re.escape(message)):
        paper(tmp_path, table(rows) + SAID.replace(old, new))


def test_a_run_that_never_learned_to_answer_is_no_unit_and_no_vote(tmp_path: Path) -> None:
    rows = """
        - {method: full, parameters: 100, values: "80.0"}
        - {method: lora, parameters: 0.4, values: "82.0"}
        - {method: dora, parameters: 0.4, values: "82.0"}
        - {method: vera, parameters: 0.4, values: "82.0"}
        - {method: goft, parameters: 0.4, values: "79.0"}
        - {method: hra, parameters: 0.4, values: "79.0"}
        - {method: boft, parameters: 0.4, values: "0.0"%s}
        - {method: ia3, parameters: 0.4, values: "0.0"%s}
    """
    # For GOFT three of six others beat full tuning, which is not most of them.
    assert "BF" in found(tmp_path, table(rows % ("", "")), "goft")
    assert found(tmp_path, table(rows % ("", "")), "boft")["BF"].finding == "against"
    failed = table(rows % (", failed: true", ", failed: true"))
    assert "BF" not in found(tmp_path, failed, "goft")
    assert found(tmp_path, failed, "boft") == {}


# PEFT's benchmark ---------------------------------------------------------------------------------


def test_the_benchmark_is_an_independent_source_without_seeds() -> None:
    methods = read().methods
    firsts = {m.runs: m.modules[0] for m in methods.values()}
    peft = benchmark(ROOT, firsts)
    rows = findings({m.slug: m.modules for m in methods.values()}, [peft], read_models(ROOT))

    def of(slug: str) -> dict[str, str]:
        return {f"{f.dimension} {f.place}": f.finding for f in rows[slug]}

    assert {f.strength for found in rows.values() for f in found} == {"weak"}
    by = {
        (s, f.run_by)
        for s, found in rows.items()
        for f in found
        if f.place == "MetaMathQA" and f.dimension != "WA"
    }
    set_by_authors = {slug for slug, who in by if who == "authors"}
    assert {"c3a", "delora", "randlora", "shira", "psoft"} <= set_by_authors
    assert {"lora", "ia3"} <= {slug for slug, _ in by} - set_by_authors
    assert {slug for slug, who in by if who == "independent"}.isdisjoint(set_by_authors)
    images = {
        s for s, found in rows.items() for f in found
        if f.place != "MetaMathQA" and f.run_by == "authors"
    }  # fmt: skip
    assert "deft" in images
    # The image benchmark's full tuning, 0.577, is beaten by nearly all: no PE, no BF.
    assert not any(
        f.place == "image generation" and f.dimension in ("PE", "BF")
        for found in rows.values()
        for f in found
    )
    assert of("boft") == {}  # both runs have one factor, which is OFT
    # 0.0 %: it never learned how to write an answer; it did run, which is all that WA asks.
    assert of("ln_tuning") == {"BL image generation": "against", "WA MetaMathQA": "for"}
    assert of("fourierft")["BF MetaMathQA"] == "against"  # the other run, 9.6 %
    # IA3's best run on validation data adapts other modules than LoRA: 45.5 (0.50) and 47.2 for
    # full tuning, with two standard errors of the difference 3.9.
    assert of("ia3") == {
        "PE MetaMathQA": "against",
        "BF MetaMathQA": "for",
        "BL image generation": "against",
        "WA MetaMathQA": "for",
    }
    (unit,) = (f for f in rows["dora"] if f.dimension == "BL" and f.place == "MetaMathQA")
    # 46.9 against 47.8, with standard errors of 1.374 and 1.375.
    assert unit.numbers == (
        "dora lora rank32-dora: 46.93 against 47.84 (LoRA rank32; level within 3.9), "
        "9.29 M = 0.29 % against 9.175 M = 0.29 %"
    )
    # SHiRA at LoRA's size: 51.0 against 47.8 is level within 3.9; 0.704 against 0.697 is ahead.
    assert of("shira")["BL MetaMathQA"] == "level"
    assert of("shira")["BL image generation"] == "for"
