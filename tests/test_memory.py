"""The estimate of memory against what PEFT's benchmark measured."""

from __future__ import annotations

from statistics import mean

from scripts.catalog.counts import MODELS
from scripts.catalog.memory import GIB, estimate
from scripts.macros.peft_benchmark import memory_errors


def test_the_estimate_is_near_every_measured_run() -> None:
    off = [abs(error) for error in memory_errors()]
    assert len(off) >= 50
    assert mean(off) < 0.06
    assert max(off) < 0.16


def given(**changes: object) -> dict[str, object]:
    shape = {k: v for k, v in MODELS[1]._asdict().items() if isinstance(v, int)}
    start = {
        "bits": 16, "linear": 7 * 10**9, "state": 8, "tokens": 1024, "inputs": 0, "trained": 0,
        "checkpointing": False,
    }  # fmt: skip
    return {**shape, **start, **changes}


def test_parts_add_up_and_each_choice_saves_what_it_should() -> None:
    whole = estimate(given())
    parts = ("weights", "adapter", "activations", "logits")
    assert whole["all"] == sum(whole[part] for part in parts)
    assert estimate(given(checkpointing=True))["activations"] < whole["activations"] / 5
    four = estimate(given(bits=4))["weights"]
    assert 3.5 * 10**9 < four < whole["weights"] / 2
    assert estimate(given(trained=GIB))["adapter"] == 16 * GIB
    assert estimate(given(tokens=2048))["logits"] == 2 * whole["logits"]
