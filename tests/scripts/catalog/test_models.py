"""Shapes of models, and parameter counts against those that others published."""

import pytest

from adapters_np.core import load, slugs
from scripts.catalog.counts import (
    FUSED,
    MODELS,
    SIDES,
    TABLED,
    TARGETS,
    Model,
    count,
    fused,
)
from scripts.catalog.shapes import counter

LLAMA_3B, LLAMA_8B, LLAMA_7B = TABLED


def beside(model: Model) -> int:
    """Return what a family has beside linear weights and embeddings: norms and biases."""
    norms = (4 if model.name.startswith("Gemma") else 2) * model.layers + 1
    found = norms * model.hidden
    if model.name.startswith(("Qwen3", "Gemma-3")):
        found += 2 * model.layers * model.queries // model.heads  # of queries and keys
    if model.name.startswith("Qwen2"):
        found += model.layers * (model.queries + 2 * model.keys)
    return found


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_shape_adds_up_to_the_published_total(model: Model) -> None:
    linear = sum(d_out * d_in * n for d_out, d_in, n in model.places("weight", "all linear"))
    assert linear + beside(model) == model.linear


@pytest.mark.parametrize("targets", TARGETS)
def test_fused_weights_are_counted_once(targets: str) -> None:
    apart = LLAMA_3B.places("weight", targets)
    whole = LLAMA_3B._replace(fused=True).places("weight", targets)
    assert len(whole) <= len(apart)
    if "query" not in targets:
        sizes = [sum(a * b * n for a, b, n in found) for found in (apart, whole)]
        assert sizes[0] == sizes[1]
    assert {*FUSED, *fused(FUSED)} <= SIDES.keys()


def test_oft_on_all_linear_maps_of_llama_2_has_the_papers_count() -> None:
    assert count(load("oft"), LLAMA_7B, "all linear", block_size=32) == 17_649_664


@pytest.mark.parametrize(
    ("model", "trained"),
    [(LLAMA_3B, 22_020_096), (LLAMA_8B, 33_554_432), (LLAMA_7B, 33_554_432)],
)
def test_clover_trains_two_cores_for_every_head_of_the_model(model: Model, trained: int) -> None:
    assert count(load("clover"), model) == trained
    assert count(load("clover"), model, train="query_key") == trained // 2


def test_clover_without_the_mlp_has_the_papers_count() -> None:
    whole, blocks = 1_753_088, 172 * 64**2  # numbers of a layer, Appendix A.2
    assert count(load("clover"), LLAMA_7B) == 32 * (whole - blocks)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_queries_and_keys_are_cut_into_heads(model: Model) -> None:
    width, rest = divmod(model.queries, model.heads)
    assert (rest, model.keys % width) == (0, 0)
    assert width in (64, 96, 128, 256)


def test_a_page_can_count_every_method() -> None:
    for about in map(counter, map(load, slugs())):
        assert about["arrays"]
        assert about["place"] in ("weight", "attention", "keys", "norm", "layer", "model")
