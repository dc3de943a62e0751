"""States of widgets that pages type: what a link says, and what stops the build."""

from __future__ import annotations

import pytest

from scripts.stored.states import called, state


def test_a_state_is_a_random_step_where_no_way_is_typed() -> None:
    assert state("ia3", "feedforward=true step=1") == {
        "way": "random", "size": "64x64", "feedforward": "true", "step": "1",
    }  # fmt: skip
    assert state("ia3", "way=fitted seed=2")["size"] == "32x32"  # what its page opens with


@pytest.mark.parametrize(
    ("slug", "typed", "told"),
    [
        ("lora", "rnak=4", "rnak=4 is none of its controls: way, world"),
        ("lora", "rank=99", "rank=99 is nothing that its control offers: a whole number from 1"),
        ("lora", "rank=4.5", "rank=4.5 is nothing that its control offers"),
        ("lora", "rank", "rank= is nothing"),
        ("lora", "hypothesis=rotated", "hypothesis=rotated is nothing"),
        ("c3a", "block_size=64 size=64x32", "block_size=64"),
    ],
)
def test_a_state_that_the_widget_cannot_take_stops_the_build(
    slug: str, typed: str, told: str
) -> None:
    with pytest.raises(ValueError, match="^" + told):
        state(slug, typed)


def test_a_state_is_called_by_its_controls() -> None:
    assert called("oft", "block_size=64") == "block size 64"
    assert called("psoft", "relaxed=false split=symmetric") == "relaxed off, split symmetric"
    assert called("delora", "strength=16") == "λ 16"
    assert called("ia3", "base=clustered step=1") == "kind of weight clustered, step 1"
