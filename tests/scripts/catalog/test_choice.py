"""The page Choose: its JavaScript against the same declarations in Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters_np.core import load
from scripts.catalog import counts, exports, memory, read, recipes
from scripts.catalog.counts import MODELS, START, TARGETS
from tests.node import printed

SCRIPT = """
const m = await import(process.argv[1]);
const { count, estimate } = await import("./demos/page/formulas.js");
const { names, written } = await import("./demos/page/recipe.js");
const { decoder } = await import("./demos/page/model_config.js");
const out = { counted: {} };
for (const model of m.models)
  for (const [slug, { start, place, arrays }] of Object.entries(m.methods))
  for (const [targets, where] of Object.entries(m.targets)) {
    const knobs = place === "attention" ? { ...start, heads: model.heads } : start;
    const counted = count(arrays, m.places[place] ?? where, model, knobs);
    out.counted[`${model.name} ${slug} ${targets}`] = counted;
  }
out.estimates = JSON.parse(process.argv[2]).map((given) => estimate(m.formulas, given).all);
out.recipes = JSON.parse(process.argv[3]).map(([slug, wish]) => written(m, slug, wish));
out.decoders = JSON.parse(process.argv[4]).map((text) => {
  try {
    return decoder(text);
  } catch ({ message }) {
    return message;
  }
});
console.log(JSON.stringify(out));
"""


def given() -> list[dict[str, Any]]:
    """Return cases for the estimate: every branch of its formulas."""
    shape = {k: v for k, v in START._asdict().items() if isinstance(v, int)}
    return [
        {
            **shape, "bits": bits, "linear": 7 * 10**9, "state": 8, "tokens": 1536,
            "kept": 10**8, "held": 10**6, "trained": 10**7, "checkpointing": checkpointing,
            "chunked": chunked,
        }
        for bits in (16, 8, 4)
        for checkpointing in (True, False)
        for chunked in (True, False)
    ]  # fmt: skip


PHI = next(model for model in MODELS if model.fused)
WISHES = (
    recipes.Wish(),
    recipes.Wish(bits=4, targets="query and value", rank=8, optimiser="AdamW in 8 bits"),
    recipes.Wish(PHI, targets="feed-forward", checkpointing=False, chunked=True, length=9, batch=3),
    recipes.Wish(examples=77, epochs=2),
)


def wanted() -> Iterator[tuple[str, recipes.Wish]]:
    """Yield all recipes of all wishes for which there is one."""
    for slug, about in read().recipes().items():
        yield from ((slug, wish) for wish in WISHES if wish.bits in about.bits)


def asked() -> list[str]:
    """Return what a page is asked for: estimates, recipes, and shapes from configurations."""
    given_ = [
        (
            slug,
            {
                **wish._asdict(),
                "home": wish.model.home,
                "fused": wish.model.fused,
                "rank": wish.rank or read().recipes()[slug].rank,
            },
        )
        for slug, wish in wanted()
    ]
    return [
        json.dumps(given()),
        json.dumps(given_),
        json.dumps([*READ, *(json.dumps(text) for text, _ in REFUSED)]),
    ]


QWEN = {
    "model_type": "qwen2", "num_hidden_layers": 48, "hidden_size": 5120, "num_attention_heads": 40,
    "num_key_value_heads": 8, "intermediate_size": 13_824, "vocab_size": 152_064,
    "tie_word_embeddings": False,
}  # fmt: skip
GEMMA = {
    "model_type": "gemma3", "text_config": {
        "num_hidden_layers": 26, "hidden_size": 1152, "num_attention_heads": 4, "head_dim": 256,
        "num_key_value_heads": 1, "intermediate_size": 6912, "vocab_size": 262_144,
    },
}  # fmt: skip
PHI_4 = {
    "model_type": "phi3", "num_hidden_layers": 32, "hidden_size": 3072, "num_attention_heads": 24,
    "num_key_value_heads": 8, "intermediate_size": 8192, "vocab_size": 200_064,
    "tie_word_embeddings": True,
}  # fmt: skip
READ = {
    json.dumps(QWEN): "Qwen2.5-14B",
    json.dumps(GEMMA): "Gemma-3-1B",
    json.dumps(PHI_4): "Phi-4-mini",
}
"""Texts of config.json, and the model that each is of."""

REFUSED: list[tuple[Any, str]] = [
    (QWEN | {"hidden_size": 0}, "hidden_size is 0, and it has to be a whole number from 1 to"),
    (QWEN | {"num_hidden_layers": 4800}, "num_hidden_layers is 4800, and it has to be a whole"),
    (QWEN | {"num_key_value_heads": 7}, "num_key_value_heads is 7, and it has to divide num_att"),
    (QWEN | {"num_attention_heads": 48}, "hidden_size is 5120, and num_attention_heads, 48, has"),
    (QWEN | {"tie_word_embeddings": "no"}, 'tie_word_embeddings is "no", and it has to be true'),
    (QWEN | {"num_experts": 128}, "num_experts is 128, and the estimate knows one feed-forward"),
    ({"n_layer": 12}, "num_hidden_layers is not in this config.json, and it has to be"),
    ({"peft_type": "LORA"}, 'peft_type is "LORA", and that is an adapter'),
    ([1], "A config.json holds keys and values"),
]


def test_a_page_reads_the_shape_of_a_model_out_of_its_configuration(
    answers: dict[str, Any],
) -> None:
    for found, name in zip(answers["decoders"], READ.values(), strict=False):
        model = next(model for model in MODELS if model.name == name)._asdict()
        wanted = {k: model[k] for k in found if k != "total"}
        assert found == wanted | {"total": pytest.approx(model["total"], rel=1e-3)}
    for found, (_, message) in zip(answers["decoders"][len(READ) :], REFUSED, strict=True):
        assert message in found


def test_a_page_writes_every_recipe_as_python_does(answers: dict[str, Any]) -> None:
    methods = read().methods
    texts = [recipes.recipe(methods[slug], wish) for slug, wish in wanted()]
    assert answers["recipes"] == texts


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    module: Path = tmp_path_factory.mktemp("page") / "models.mjs"
    module.write_text(exports.models_js(read()), "utf-8")
    found: dict[str, Any] = printed(SCRIPT, module, *asked())
    return found


def test_a_page_counts_every_method_on_every_model_as_python_does(answers: dict[str, Any]) -> None:
    wanted = {
        f"{model.name} {slug} {targets}": counts.count(load(slug), model, targets)
        for model in MODELS
        for slug in counts.counters(read())
        for targets in TARGETS
    }
    assert answers["counted"] == wanted


def test_a_page_estimates_memory_as_python_does(answers: dict[str, Any]) -> None:
    wanted = [memory.estimate(case)["all"] for case in given()]
    assert answers["estimates"] == pytest.approx(wanted, rel=1e-12)


def test_a_search_begins_with_a_printed_rate_the_benchmarks_or_says_that_it_guesses() -> None:
    methods = read().methods
    assert recipes.rate(methods["oft"]) == (recipes.GUESS, recipes.SEARCH)
    assert recipes.search(methods["ia3"])[0] == "1.7e-3, 5e-3, 1.5e-2"
    assert "rate in (6.7e-5, 2e-4, 6e-4)" in recipes.recipe(methods["lora"])


@pytest.mark.parametrize(
    ("wish", "plan"),
    [
        # 100 of 2,000 are held out; 1,900 in steps of 16 are 119 an epoch
        (recipes.Wish(), {"held": 100, "accumulation": 16, "steps": 357, "warmup": 11}),
        (recipes.Wish(batch=4), {"held": 100, "accumulation": 4, "steps": 357, "warmup": 11}),
        # 200 in steps of 16 would be 12 an epoch: too few
        (recipes.Wish(examples=200, epochs=1), {"held": 10, "accumulation": 4, "steps": 48}),
        (recipes.Wish(examples=20, epochs=1), {"held": 1, "accumulation": 1, "steps": 19}),
        (recipes.Wish(examples=50_000, epochs=1), {"held": 500, "steps": 3094}),
    ],
)
def test_steps_follow_from_examples_and_epochs(wish: recipes.Wish, plan: dict[str, int]) -> None:
    found = recipes.schedule(wish)
    assert {name: found[name] for name in plan} == plan


def test_a_rank_moves_what_is_trained_written_and_kept() -> None:
    for slug, about in read().recipes().items():
        m = read().methods[slug]
        small, large = (recipes.Wish(rank=rank) for rank in (4, 32))
        sizes = [recipes.trained(m, START, "all linear", wish.rank) for wish in (small, large)]
        texts = [recipes.recipe(m, wish) for wish in (small, large)]
        needs = [recipes.memory(m, wish)["all"] for wish in (small, large)]
        assert (sizes[0] != sizes[1]) == (texts[0] != texts[1]) == bool(about.rank), slug
        assert (needs[0] != needs[1]) == bool(about.rank), slug
