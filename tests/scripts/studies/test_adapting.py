"""Methods in the small decoder: where they start, by how their arrays lie in the model."""

from __future__ import annotations

import numpy as np
import pytest

from adapters_np.core import load
from scripts.studies import later
from scripts.studies.adapting import Adapted, Method
from scripts.studies.entries import entries
from scripts.studies.study import Run
from tests.scripts.studies.small import BASE, LOGITS, MODEL, TEXT, outputs

pytestmark = pytest.mark.long

LATER = [later.settings(Run((name,), 0, 0, ""), 1.0).method for name in ("bottleneck 35", "hira 4")]
LAYOUTS = {
    **{f"{method.slug} later": method for method in LATER},
    **{
        name: entries()[name].trains
        for name in (
            *("full", "lora 4", "dora 4", "pissa 4", "vblora 4", "ln_tuning", "clover", "reft"),
            *("prefix_tuning 32", "prompt_tuning 32", "output bias", "entries 2304"),
            *("oft 16: shuffled", "oft 16: shuffled, again", "prefix_tuning 32: constants"),
            "prompt_tuning 32: constants",
        )
    },
}
"""A method of each kind: in matrices, in all layers at once, shared, before, between and behind."""


@pytest.mark.parametrize("name", LAYOUTS)
def test_in_the_model_a_method_starts_where_its_class_says(name: str) -> None:
    method, rng = LAYOUTS[name], np.random.default_rng(0)
    start, moved = outputs(method, lambda a: a, lambda a: a + 0.1 * rng.normal(size=a.shape))
    gap = float(np.abs(start - LOGITS(MODEL, TEXT)).max())
    plain = method.slug in ("full", "output bias") or load(method.slug).starts_at_identity
    if plain or method.arm:
        assert gap < 2e-3
    else:
        assert gap > 1e-2
    assert np.isfinite(moved).all()
    assert float(np.abs(moved - start).max()) > 1e-3


def test_other_draws_are_other_draws() -> None:
    frozen = []
    for name in ("oft 16: shuffled", "oft 16: shuffled, again"):
        found = Adapted(entries()[name].trains, BASE).start(11).frozen["up"]["in_order"]
        frozen.append(np.asarray(found))
    one, other = frozen
    assert one.shape == other.shape
    assert (one != other).any()
    assert len({tuple(row) for row in one.tolist()}) == len(one)  # a draw a matrix


def test_a_place_that_is_unknown_is_named() -> None:
    with pytest.raises(ValueError, match="place='nowhere' is not one of attention, inner, all"):
        Adapted(Method("lora", place="nowhere"), BASE)
