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
    slug, targets, _ = name.split(", ")
    assert trained(read().methods[slug], TINY, targets) == RECORDED["trained"][name]


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


@pytest.mark.parametrize("slug", RECIPES)
def test_a_page_says_of_four_bits_what_ran(slug: str) -> None:
    assert read().methods[slug].deploy.quantised == RECIPES[slug].quantised


def test_every_method_of_peft_has_a_recipe_but_those_that_need_more() -> None:
    """X-LoRA needs adapters that are trained, trainable tokens the ids of some."""
    missing = {s for s, m in read().methods.items() if m.peft != "none" and s not in RECIPES}
    assert missing == {"xlora", "trainable_tokens"}
    assert NAMES.keys() == {"query and value", "attention", "all linear"}
