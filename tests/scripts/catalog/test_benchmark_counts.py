"""Parameters of PEFT's benchmark: what PEFT counted on Llama-3.2-3B, run by run, beside ours."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from math import prod
from typing import Any

import pytest

from adapters_np.core import arrays, knobs, load, sizes
from scripts.bootstrap import ROOT
from scripts.catalog.counts import MEASURED, SIDES, count

with (ROOT / "docs/data/peft_metamathqa.csv").open(encoding="utf-8", newline="") as file:
    ROWS = {re.sub("llama-3.2-3B-", "", row["experiment"]): row for row in csv.DictReader(file)}

Knobs = Callable[[int, int], dict[str, Any]]
"""Of (d_out, d_in) of a weight: where PEFT has a number that ours is derived from."""


def of(**given: Any) -> Knobs:
    return lambda m, n: given


def frod(share: float) -> Knobs:
    """PEFT rounds the number of exchanges down, ours up."""
    return lambda m, n: {"density": (int(share * n * n) - 0.5) / (n * n)}


RUNS: dict[str, tuple[str, Knobs]] = {
    **{
        f"{method}--rank32": (method, of(rank=32))
        for method in ("lora", "gralora", "deft", "delora", "loha")
    },
    "hira--rank32-lr4.5e-3": ("hira", of(rank=32)),
    "lora--rank64": ("lora", of(rank=64)),
    "lora--rank64-rslora": ("lora", of(rank=64, rank_stabilised=True)),
    "lora--rank10-target-mlp": ("lora", of(rank=10)),
    "lora--rank32-dora": ("dora", of(rank=32)),
    "lora--rank32-mica": ("mica", of(rank=32)),
    "adalora--rank32": ("adalora", of(rank=64)),
    "shira--lr_0.0003-random_seed_42": (
        "shira", lambda m, n: {"density": (32 * (m + n) - 0.5) / (m * n)},
    ),
    "frod--default": ("frod", frod(0.01)),
    "frod--sparse0.02-lr_0.001": ("frod", frod(0.02)),
    "miss--default": ("miss", of(rank=64)),
    "miss--bat": ("miss", of(rank=64, bat=True)),
    "miss--mini": ("miss", lambda m, n: {"rank": 64, "output_repeats": m // 64}),
    "oft--rank32": ("oft", lambda m, n: {"block_size": n // 32}),
    "c3a--default": ("c3a", of(block_size=64)),
    "randlora--default": ("randlora", of(rank=32)),
    "lokr--rank32-factor4-lr0.003": ("lokr", of(rank=32)),
    "psoft--default": ("psoft", of(rank=256)),
    "psoft--fast": ("psoft", of(rank=256)),
    "peanut--rank32-relu-depth0-s2.0": ("peanut", of(rank=32)),
    "peanut--rank1-relu-depth0-s32.0": ("peanut", of(rank=1)),
    "deft--rank32-para": ("para", of(rank=32)),
    "osf--rank128": ("osf", of(rank=128)),
    "glora--default": ("glora", of(rank=8)),
    "glora--vector-paths": ("glora", of(paths="vector")),
    "waveft--n_frequency-5000": ("waveft", of(n_frequency=5000)),
    "fourierft--n_frequency-5000": ("fourierft", of(n_frequency=5000)),
    "fourierft--default": ("fourierft", of(n_frequency=1000)),
    "road--lr_0.001": ("road", of(variant=2)),
    "vera--default": ("vera", of(rank=256)),
    "pvera--default": ("pvera", of(rank=256)),
    "pvera--rank64": ("pvera", of(rank=64)),
    "adamss--rank32": ("adamss", of(groups=100, rank=1, directions=32)),
    "vblora--default": ("vblora", of(num_vectors=256, vector_length=256)),
    "tinylora--default": ("tinylora", of(u=64)),
    "unilora--default": ("unilora", of(length=256)),
    "beft--target-v_proj": ("beft", of()),
}  # fmt: skip
"""Module and knobs of a run that adapts weights."""

ELSEWHERE: dict[str, tuple[str, dict[str, Any]]] = {
    "ln_tuning--default": ("ln_tuning", {}),
    "trainable_tokens--sos+eos": ("trainable_tokens", {"tokens": 2}),
    "prefixtuning--tokens50-init_prefix-lr_0.005": ("prefix_tuning", {"tokens": 50}),
    "prefixtuning--lr_0.005_zero_init": ("prefix_tuning", {"tokens": 200}),
    "prefixtuning--lr_0.001": ("prefix_tuning", {"tokens": 200}),
    **{
        f"prompt_tuning--{name}": ("prompt_tuning", {"tokens": 200})
        for name in ("default", "lr_0.001", "sample_vocab-lr_0.001")
    },
    **{
        f"adaptionprompt--{name}": ("llama_adapter", {"tokens": 100})
        for name in ("lr_0.0005", "lr_5e-3")
    },
}
"""Of a run that adapts something else."""

GAINS = {
    "ia3--default": {"down_proj"},
    "ia3--lr_0.001": {"down_proj"},
    "ia3--all-attn-5k-lr0.005": {"gate_proj", "up_proj", "down_proj"},
}
"""Of a run of IA3, the weights whose inputs it scales; of all others it scales the outputs."""

APART = {
    "full-finetuning--lr_0.00001": "all parameters of the model",
    "boft--default": "PEFT trains whole blocks, whose symmetric half does nothing",
    "lily--rank140-mlp-a2-b2-s8.0": "PEFT shares A among layers; ours has one for each",
    "lily--rank896-a2-b2-s2.0": "PEFT shares A among layers; ours has one for each",
    "lora--rank14-target-mlp-bdlora": "blocks of a factor; there is no module",
    "lora--rank32-lorafa": "half of LoRA's factors are frozen; there is no module",
    "tinylora--weight-tying": "one vector for all layers; ours has one for each",
    "ptuning--default": "an encoder of prompts; there is no module",
}
"""Runs whose numbers no module of ours counts, and why."""


def weights(run: str) -> list[tuple[int, int, int]]:
    """Return (d_out, d_in, how many) of what a run adapts."""
    names = ROWS[run]["target_modules"].split("+")
    return [sizes(f"{SIDES[name]}, layers", **MEASURED._asdict()) for name in names]  # type: ignore[misc]


@pytest.mark.parametrize("run", RUNS)
def test_a_module_counts_what_peft_has_counted(run: str) -> None:
    slug, given = RUNS[run]
    cls, total = load(slug), 0
    for field in (f for f in arrays(cls) if f.learned):
        found = []
        for m, n, times in weights(run):
            chosen = {name: knob.default for name, knob in knobs(cls).items()} | given(m, n)
            found.append((prod(sizes(field.shape, d_out=m, d_in=n, **chosen)), times))
        total += max(s for s, _ in found) if field.shared else sum(s * n for s, n in found)
    assert total == int(ROWS[run]["trainable_params"])


@pytest.mark.parametrize("run", ELSEWHERE)
def test_what_is_no_weight_is_counted_alike(run: str) -> None:
    slug, given = ELSEWHERE[run]
    assert count(load(slug), MEASURED, **given) == int(ROWS[run]["trainable_params"])


@pytest.mark.parametrize("run", GAINS)
def test_gains_are_counted_by_the_side_that_they_scale(run: str) -> None:
    names = ROWS[run]["target_modules"].split("+")
    sides = zip(names, weights(run), strict=True)
    total = sum((n if name in GAINS[run] else m) * times for name, (m, n, times) in sides)
    assert total == int(ROWS[run]["trainable_params"])


def test_every_run_is_counted_or_said_to_be_apart() -> None:
    assert {*RUNS, *ELSEWHERE, *GAINS, *APART} == set(ROWS)
    assert int(ROWS["full-finetuning--lr_0.00001"]["trainable_params"]) == MEASURED.total
