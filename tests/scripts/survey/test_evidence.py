"""Tables become findings by the rule of the rubric, and wrongly typed findings are refused.

What the rule makes of all tables, a second program says in tests/scripts/catalog.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

import pytest

from scripts.catalog import read
from scripts.survey.facts.pair import Models
from scripts.survey.facts.papers import read_tables
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


def test_settings_are_chosen_on_validation_or_by_the_budget(tmp_path: Path) -> None:
    rows = """
        - {{method: full, parameters: 100, values: "90.0"}}
        - {{method: lora, setting: r = 4, parameters: 0.4, values: "87.0"}}
        - {{method: lora, setting: r = 16, parameters: 1.6, values: "88.5"}}
        - {{method: boft, setting: s, parameters: 0.2, values: "88.0"}}
        - {{method: boft, setting: m, parameters: 0.9, {chosen}values: "89.5"}}
        - {{method: boft, setting: l, parameters: 1.5, chosen: default, values: "88.0"}}
    """

    def settings(chosen: str) -> dict[str, str]:
        text = table(rows.format(chosen=chosen))
        return {d: f.numbers.partition(":")[0] for d, f in found(tmp_path, text).items()}

    # The default; for PE the largest of at most one per cent.
    assert settings("") == {"PE": "boft m", "BL": "boft l", "BF": "boft l"}
    assert settings("chosen: validation, ") == {"PE": "boft m", "BL": "boft m", "BF": "boft m"}


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
