"""The recipes of the page Choose: what PEFT made of them, and what its signatures allow."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from scripts.catalog import read
from scripts.catalog.counts import Model
from scripts.catalog.recipes import Wish, recipe, trained
from scripts.catalog.records import Peft
from scripts.catalog.signatures import PEFT
from tests.parity.recipes import SHAPE, WHOLE, programs, recipes

RECIPES = read().recipes()
RECORDED = json.loads(Path(__file__).with_name("recipes.json").read_text())
TINY = Model("tiny", "tiny", **SHAPE, tied=False, total=1)  # type: ignore[arg-type]
LOST = 0.02
"""The loss of what was learned that reloading may bring, by rounding."""
ROUNDED = 0.05
"""How far from the base rounding may take a start."""


def test_every_recipe_has_run_in_peft_on_the_recorded_model() -> None:
    assert RECORDED["versions"]["peft"] == PEFT["peft"]
    assert RECORDED["shape"] == SHAPE
    assert RECORDED["runs"].keys() == recipes().keys()
    assert RECORDED["programs"] == programs(recipes()), "python3 -m tests.parity.recipes, and run"


@pytest.mark.parametrize("name", RECORDED["runs"])
def test_peft_trains_as_many_numbers_as_are_counted(name: str) -> None:
    slug, targets, bits, *more = name.split(", ")
    rank = int(more[0].removeprefix("rank ")) if more else 0
    counted = trained(read().methods[slug], TINY, targets, rank)
    if (slug, bits) == ("adalora", "8 bits"):
        # There PEFT does not count the rank of a weight, one entry each, among what it trains.
        counted -= sum(n for _, _, n in TINY.places("weight", targets))
    assert counted == RECORDED["runs"][name]["trained"]


def test_a_fresh_adapter_answers_as_its_base_does_in_all_bits() -> None:
    """One that takes what 8 bits store for the weight starts far off, and trains all the same."""
    elsewhere = {"fourierft", "prompt_tuning"}  # which start with a change
    started = {name: run["started"] for name, run in RECORDED["runs"].items()}
    far = {name for name, part in started.items() if part > ROUNDED}
    assert {name.split(", ")[0] for name in far} == elsewhere


def test_what_is_saved_and_loaded_again_is_what_was_trained() -> None:
    lost = {name: run["lost"] for name, run in RECORDED["runs"].items() if WHOLE.search(name)}
    assert {name: part for name, part in lost.items() if part > LOST} == {}


@pytest.mark.parametrize("slug", RECIPES)
@pytest.mark.parametrize("bits", [16, 8, 4])
def test_a_recipe_calls_what_peft_has_and_leaves_no_slot(slug: str, bits: int) -> None:
    m = read().methods[slug]
    assert isinstance(m.peft, Peft)
    code = recipe(m, Wish(bits=bits))
    assert not re.findall(r"<\w.*?>", code)
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
        "pissa": ['save_pretrained("start")', 'path_initial_model_for_weight_conversion="start"'],
        "adalora": ["update_and_allocate(state.global_step + 1)", "callbacks=[Allocate()]"],
        "boft": ["one of the two factors"],
        "ln_tuning": ["module.float()", "bf16=True"],
        "lily": ["a mean over all tokens of a batch"],
        "osf": ["AdamW's steps leave"],
        "unilora": ["did not leave its start"],
        "supertuning": ["rounded away"],
        "shadow": ["shadow_backbone.float()"],
        "trainable_tokens": ["stand in for the ids of your tokens"],
    }.items(),
)
def test_a_recipe_says_what_goes_wrong_without_a_word(slug: str, lines: list[str]) -> None:
    m = read().methods[slug]
    code = recipe(m)
    assert [line for line in lines if line not in code] == []
    assert max(map(len, code.splitlines())) <= 100
    # A quantised base keeps its norms in 32 bits, so that nothing is rounded away there.
    assert (lines[0] in recipe(m, Wish(bits=4))) == (slug != "ln_tuning")


def test_dora_is_not_offered_on_eight_bits_and_says_why() -> None:
    assert RECIPES["dora"].bits == (16, 4)
    versions = RECORDED["versions"]
    said = "With bitsandbytes {bitsandbytes} its training fails".format_map(versions)
    assert said in RECIPES["dora"].why


@pytest.mark.parametrize("slug", RECIPES)
def test_a_page_says_of_four_bits_what_ran(slug: str) -> None:
    assert read().methods[slug].deploy.quantised == (4 in RECIPES[slug].bits)


def test_every_class_of_peft_has_a_recipe_but_one_that_needs_more() -> None:
    """X-LoRA needs adapters that are trained."""
    methods = read().methods.values()
    missing = {m.slug for m in methods if isinstance(m.peft, Peft) and m.slug not in RECIPES}
    assert missing == {"xlora"}
