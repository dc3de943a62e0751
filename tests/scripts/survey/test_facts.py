"""Every number has an address, and what leads nowhere says what there is."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from demos.compare import panels as compared
from demos.panels import figures
from demos.probe import measure, show
from scripts.bootstrap import ROOT
from scripts.survey.facts import addresses
from scripts.survey.facts.addresses import Fact, Facts, level
from scripts.survey.sources.bare import Shown, astray, bare, every, shown
from scripts.survey.sources.providers import facts

CELLS = [
    ("lora r = 4", "MNLI", 87.5, "87.5", False),
    ("lora r = 4", "parameters", 0.3, "0.3 M", False),
    ("lora r = 64", "MNLI", 88.0, "88.0", True),
    ("full", "MNLI", 87.06, "87.06", False),
    ("full", "RTE", 78.7, "78.7", False),
    ("ia3", "share", 0.551, "55 %", False),
]
FACTS = Facts(
    {
        "hu2022lora": lambda: [
            Fact("hu2022lora", "table-2", row, column, value, text, "Table 2",
                 "percent" if column == "share" else "number", chosen,
                 100 if column in ("MNLI", "RTE") else 0)
            for row, column, value, text, chosen in CELLS
        ]
    }
)  # fmt: skip
HERE = "hu2022lora/table-2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HERE}: lora r = 4, mnli", "87.5"),
        (f"{HERE}: lora, MNLI", "88.0"),  # the chosen setting
        (f"{HERE}: lora r=4, parameters", "0.3 M"),
        (f"{HERE}: full, MNLI | 1", "87.1"),
        (f"{HERE}: ia3", "55 %"),  # it has one number
        (f"{HERE}: ia3, share | 1", "55.1 %"),
        (f"{HERE}: lora, mnli - full, mnli", "0.94"),
        (f"{HERE}: full, mnli - lora, mnli | +1", "−0.9"),
        (f"mean {HERE}: full, mnli; full, rte", "82.88"),
        (f"mean {HERE}: full, MNLI; RTE", "82.88"),
        (f"mean {HERE}: full, *", "82.88"),
        (f"{HERE}: lora r = 64, MNLI - mean {HERE}: full, *", "5.12"),
        (f"{HERE}: lora r = 4, MNLI / full, RTE | 2", "1.11"),
        (f"{HERE}: full, RTE / full, MNLI | 1 %", "90.4 %"),
        (f"{HERE}: lora r = 64, MNLI > full, MNLI", "88.0 against 87.06"),
        (f"{HERE}: full, RTE < full, MNLI | 1", "78.7 against 87.1"),
        (f"{HERE}: lora r = 4, MNLI > mean full, * | 1", "87.5 against 82.9"),
        (f"{HERE}: lora r = 4, MNLI ~ full, MNLI", "87.5 against 87.06"),
        (f"{HERE}: lora r = 4, MNLI ~ full, MNLI | level", "level"),
        ("= 18.9 M, hu2022lora section 4.2", "18.9 M"),
    ],
)
def test_an_address_is_said(text: str, said: str) -> None:
    assert FACTS.say(text) == said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lora, mnli", "'lora, mnli' is no address"),
        ("li2021prefix/table-1: lora, mnli", "'li2021prefix' is no source of numbers"),
        ("hu2022lora/table-3: lora, mnli", "hu2022lora has no table 'table-3': table-2"),
        (f"{HERE}: dora, mnli", "no row 'dora': lora r = 4, lora r = 64, full, ia3"),
        (f"{HERE}: lora r, mnli | 1 - x", "is no form of a number: it is 1, +1"),
        (f"{HERE}: full, cola", "full has no column 'cola': MNLI, RTE"),
        (f"{HERE}: lora r, parameters", "lora r = 64 has no column 'parameters': MNLI"),
        (f"{HERE}: full, RTE > full, MNLI", "78.7 > 87.06 is not so: the words beside it"),
        (f"{HERE}: full, RTE < full, RTE", "is not so"),
        ("= 18.9 M", "'= 18.9 M' does not say where it stands"),
        (f"{HERE}: full, *", "is many numbers: `mean` is missing"),
    ],
)
def test_what_leads_nowhere_says_what_there_is(text: str, message: str) -> None:
    with pytest.raises((LookupError, ValueError), match=re.escape(message)):
        FACTS.say(text)


def test_more_than_one_setting_is_named() -> None:
    cells = [cell for cell in FACTS.all() if not cell.chosen]
    two = Facts({"hu2022lora": lambda: [*cells, cells[0]._replace(row="lora r = 8")]})
    with pytest.raises(LookupError, match="more than one row 'lora': lora r = 4, lora r = 8"):
        two.say(f"{HERE}: lora, mnli")


def test_front_matter_is_resolved_and_a_mistake_names_its_field() -> None:
    text = f"RTE {{{HERE}: full, rte}} with {{= 18.9 M, hu2022lora section 4}} and $\\{{x: 1\\}}$"
    assert FACTS.resolved({"evidence": [{"numbers": text}]}) == {
        "evidence": [{"numbers": "RTE 78.7 with 18.9 M and $\\{x: 1\\}$"}]
    }
    with pytest.raises(LookupError, match=r"evidence\.0\.numbers: 'x' is no source"):
        FACTS.resolved({"evidence": [{"numbers": "{x: y, z}"}]})


@pytest.mark.long
def test_all_facts_have_addresses_that_lead_back_to_them() -> None:
    every = list(facts().all())
    assert [f.address for f in every if facts().say(f.address) != f.text] == []
    assert len(every) > 10_000


def test_the_addresses_that_the_module_shows_lead_somewhere() -> None:
    examples = re.findall(r"^    (\w[^:\n]*: .*?)  ", addresses.__doc__ or "", re.M)
    assert len(examples) > 10
    assert all(facts().say(address) for address in examples)


def written(root: Path, text: str, page: str = "docs/methods/lora.md") -> Path:
    path = root / page
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), "utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "`r = 0.5` and $\\alpha = 0.5$",
        "[it](x.md#0.5) <b data-x=0.5>",
        "section 4.2, Tables 4.2 and 4.3, Lemma 4.2",
        "PEFT 0.19, release 0.19 and 0.21.2, AlpacaEval 2.0, CC BY 4.0",
        "OWSM-0.1B and Llama-3.2-3B, Qwen2.5-1.5B, SQuAD v1.1, Apache-2.0, from 0.1 B to 2 B",
    ],
)
def test_settings_places_versions_and_names_are_no_results(tmp_path: Path, text: str) -> None:
    assert list(bare(written(tmp_path, text), tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,234.5 and 175,255.8 M", ["1,234.5", "175,255.8"]),
        ("0.07-0.09 and 0.07–0.09", ["0.07", "0.09", "0.07", "0.09"]),
        ("2.5x and 2.5× and x2.5", ["2.5", "2.5", "2.5"]),
        ("0.25 B tokens, 0.25B", ["0.25", "0.25"]),
        ("(=1.25), 1.5/2.5, (64,0.5)", ["1.25", "1.5", "2.5", "0.5"]),
        ("-0.5 and −0.5", ["-0.5", "−0.5"]),
        ("MNLI-87.5 and 1.5e-3", ["87.5", "1.5"]),
    ],
)
def test_a_decimal_is_found_however_it_is_written(
    tmp_path: Path, text: str, told: list[str]
) -> None:
    assert [b.text for b in bare(written(tmp_path, text), tmp_path)] == told


def test_a_number_without_an_address_is_told_in_a_line(tmp_path: Path) -> None:
    written(tmp_path, "It has `0.5`.\n\nIt has 3.14 of them.")
    (told,) = map(str, every(tmp_path))
    assert told.startswith("docs/methods/lora.md:3: 3.14 has no address, which `python -m scripts.")


def test_what_is_frozen_keeps_the_numbers_of_its_day(tmp_path: Path) -> None:
    written(tmp_path, "---\ntitle: Protocol\nfrozen: true\n---\nA rate of 0.5.")
    assert list(every(tmp_path)) == []
    written(tmp_path, "---\ntitle: Protocol\n---\nA rate of 0.5.\n\nfrozen: true")
    assert [found.text for found in every(tmp_path)] == ["0.5"]


def test_an_address_astray_and_a_number_of_no_publication_are_told(tmp_path: Path) -> None:
    text = f"""\
        ---
        numbers: "{{= 18.9 M, hu2022lora section 4.2}} and {{= 1.5, hu2022loro Table 1}}"
        ---
        It has {{{{ fact("{HERE}: full, cola") }}}}, {{{{ fact("= 0.4, widget dora rank") }}}}.
        """
    written(tmp_path, text)
    assert list(astray(tmp_path, FACTS, {"hu2022lora"})) == [
        f"docs/methods/lora.md:4: {HERE}: full has no column 'cola': MNLI, RTE",
        "docs/methods/lora.md:2: 'hu2022loro' is not in docs/references.bib",
    ]


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("= 9.99, widget nonsense at=all", "'widget nonsense at=all' does not say what shows it"),
        ("= 9.99, widget dora", "'widget dora' does not say what shows it"),
        ("= 1,032, hu2022loro Table 1", "'hu2022loro' is not in docs/references.bib"),
    ],
)
def test_a_marked_number_says_what_it_is_read_off(
    tmp_path: Path, marked: str, message: str
) -> None:
    written(tmp_path, f'It is {{{{ fact("{marked}") }}}}.')
    (found,) = astray(tmp_path, FACTS, {"hu2022lora"})
    assert found.startswith(f"docs/methods/lora.md:1: {message}")


SHOWN = list(shown(ROOT))


def off(said: Shown) -> str:
    """Return what is wrong with a number that a widget or Compare is said to show, if anything."""
    try:
        change = measure(said.method, {k: yaml.safe_load(v) for k, v in said.chosen.items()})
        sigma = {"sigma_before": change.sigma_before, "sigma_after": change.sigma_after}
        if said.gauge in sigma:
            value = sigma[said.gauge][0]
        else:
            panels = {p["name"]: p for p in [*show(change)["panels"], *compared(change)]}
            value = panels[said.gauge]["value"]
    except (KeyError, ValueError) as error:
        return f"{said.place}: {said.method} has no {error}"
    texts = (f"{value:.{len(said.text.partition('.')[2])}f}", figures(value))
    return "" if said.text in texts else f"{said.place}: says {said.text}, computed {texts[0]}"


def test_widgets_show_what_pages_say() -> None:
    assert len(SHOWN) > 20
    assert [found for said in SHOWN if (found := off(said))] == []


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("= 0.41, widget dora angle_change", "says 0.41, computed 0.40"),
        ("= 0.40, widget nonsense angle_change", "nonsense has no method='nonsense' is not one of"),
        ("= 0.40, widget dora angel_change", "dora has no 'angel_change'"),
        ("= 0.40, widget dora alhpa=1 angle_change", "dora has no alhpa=1 is not a knob"),
    ],
)
def test_a_number_that_no_widget_shows_is_told_with_its_place(
    tmp_path: Path, marked: str, message: str
) -> None:
    written(tmp_path, f'\nIt is {{{{ fact("{marked}") }}}}.', "docs/claims.md")
    (said,) = shown(tmp_path)
    assert off(said).startswith(f"docs/claims.md:2: {message}")


def test_what_is_called_level_is_held_to_the_rule() -> None:
    with pytest.raises(ValueError, match=r"88\.0 ~ 87\.06 is not so"):  # a lead of 0.94 points
        FACTS.say(f"{HERE}: lora r = 64, MNLI ~ full, MNLI")
    with pytest.raises(ValueError, match="nothing says what is level with hu2022lora/table-2"):
        FACTS.say(f"{HERE}: lora r = 4, parameters ~ full, MNLI")
    one, other = (Fact("peft", "maths", name, "GSM8K", value, "", "", range=100, spread=2.7)
                  for name, value in (("a", 50.0), ("b", 47.0)))  # fmt: skip
    assert level([one], [other])  # within the root of the sum of both squares
    assert not level([one._replace(spread=None)], [other._replace(spread=None)])
    assert not level([one], [other._replace(value=46.0)])


CALLED = re.compile(r"(?<!or )\blevel\b(?:(?!ahead|behind)[^.;{}])*\{[^{}=]*? [<>] [^{}]*\}")


def test_no_page_calls_level_what_it_says_is_more_or_less() -> None:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    assert [f"{p.name}: {m[0]}" for p in pages for m in CALLED.finditer(p.read_text("utf-8"))] == []
