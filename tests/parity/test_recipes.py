"""The recipes of the page Choose: what PEFT made of them, and what its signatures allow."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from scripts.catalog import read
from scripts.catalog.checks import PEFT
from scripts.catalog.counts import Model
from scripts.catalog.recipes import NAMES, RECIPES, recipe, trained
from scripts.catalog.records import Peft
from tests.parity.recipes import SHAPE, recipes

RECORDED = json.loads(Path(__file__).with_name("recipes.json").read_text())
TINY = Model("tiny", **SHAPE, tied=False, total=1)


def test_every_recipe_has_run_in_peft_on_the_recorded_model() -> None:
    assert RECORDED["versions"]["peft"] == PEFT["peft"]
    assert RECORDED["shape"] == SHAPE
    assert RECORDED["trained"].keys() == recipes().keys()


@pytest.mark.parametrize("name", RECORDED["trained"])
def test_peft_trains_as_many_numbers_as_are_counted(name: str) -> None:
    slug, targets, bits = name.split(", ")
    counted = trained(read().methods[slug], TINY, targets)
    if (slug, bits) == ("adalora", "8 bits"):
        # There PEFT does not count the rank of a weight, one entry each, among what it trains.
        counted -= sum(n for _, _, n in TINY.places("weight", targets))
    assert counted == RECORDED["trained"][name]


@pytest.mark.parametrize("slug", RECIPES)
@pytest.mark.parametrize("bits", [16, 8, 4])
def test_a_recipe_calls_what_peft_has_and_leaves_no_slot(slug: str, bits: int) -> None:
    m = read().methods[slug]
    assert isinstance(m.peft, Peft)
    code = recipe(m, "some/model", bits, "all linear", True)
    assert "<" not in code
    calls = {
        node.func.id: node.keywords
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert {k.arg for k in calls[m.peft.config]} <= set(PEFT["signatures"][m.peft.config])
    assert ("prepare_model_for_kbit_training" in calls) == (bits < 16)
    assert "get_peft_model" in calls


@pytest.mark.parametrize(
    ("slug", "lines"),
    {
        "pissa": ["path_initial_model_for_weight_conversion=", 'init_lora_weights="pissa"'],
        "adalora": ["total_step", "update_and_allocate(step)"],
        "boft": ["one of the two factors"],
        "ln_tuning": ["parameter.data = parameter.data.float()", "torch.autocast"],
    }.items(),
)
def test_a_recipe_says_what_goes_wrong_without_a_word(slug: str, lines: list[str]) -> None:
    m = read().methods[slug]
    code = recipe(m, "some/model", 16, "all linear", True)
    after = code.partition("print_trainable_parameters()\n")[2]
    assert [line for line in lines if line not in after] == []
    assert max(map(len, code.splitlines())) <= 100
    # A quantised base keeps its norms in 32 bits, so that nothing is rounded away there.
    quantised = recipe(m, "some/model", 4, "all linear", True)
    assert (lines[0] in quantised.partition("print_trainable_parameters()\n")[2]) == (
        slug != "ln_tuning"
    )


def test_dora_is_not_offered_on_eight_bits_and_says_why() -> None:
    assert {slug for slug, about in RECIPES.items() if len(about.bits) == 2} == {"dora"}
    assert 8 not in RECIPES["dora"].bits
    versions = RECORDED["versions"]
    said = "PEFT {peft} and bitsandbytes {bitsandbytes} its training fails".format_map(versions)
    assert said in RECIPES["dora"].why


@pytest.mark.parametrize("slug", RECIPES)
def test_a_page_says_of_four_bits_what_ran(slug: str) -> None:
    assert read().methods[slug].deploy.quantised == (4 in RECIPES[slug].bits)


def test_every_entry_that_peft_has_has_a_recipe_but_those_that_need_more() -> None:
    """X-LoRA needs adapters that are trained, trainable tokens the ids of some."""
    missing = {m.slug for m in read().survey if m.peft != "none" and m.slug not in RECIPES}
    assert missing == {"xlora", "trainable_tokens"}
    assert NAMES.keys() == {"query and value", "attention", "all linear"}
