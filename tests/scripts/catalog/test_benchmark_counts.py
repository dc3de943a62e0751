"""Parameters of PEFT's benchmark on texts: what PEFT counted, run by run, beside ours.

The model is Llama-3.2-3B. Settings are those of the runs' `adapter_config.json` in PEFT's
repository, under method_comparison. tests/parity counts small layers of every method in PEFT.
"""

from __future__ import annotations

import csv
from typing import Any

import pytest

from adapters_np.core import load
from scripts.bootstrap import ROOT
from scripts.catalog.counts import MEASURED, count

with (ROOT / "docs/data/peft_metamathqa.csv").open(encoding="utf-8", newline="") as file:
    RUNS = {row["experiment"].replace("llama-3.2-3B-", ""): row for row in csv.DictReader(file)}

COUNTED: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"{method}--rank32": (method, {"rank": 32})
        for method in ("lora", "gralora", "deft", "delora", "loha")
    },
    "hira--rank32-lr4.5e-3": ("hira", {"rank": 32}),
    "lora--rank64": ("lora", {"rank": 64}),
    "lora--rank64-rslora": ("lora", {"rank": 64, "rank_stabilised": True}),
    "lora--rank10-target-mlp": ("lora", {"rank": 10, "targets": "feed-forward"}),
    "lora--rank32-dora": ("dora", {"rank": 32}),
    "lora--rank32-mica": ("mica", {"rank": 32}),
    "adalora--rank32": ("adalora", {"rank": 64}),
    "miss--default": ("miss", {"rank": 64}),
    "miss--bat": ("miss", {"rank": 64, "bat": True}),
    "c3a--default": ("c3a", {"block_size": 64}),
    "randlora--default": ("randlora", {"rank": 32}),
    "lokr--rank32-factor4-lr0.003": ("lokr", {"rank": 32}),
    "psoft--default": ("psoft", {"rank": 256}),
    "psoft--fast": ("psoft", {"rank": 256}),
    "peanut--rank32-relu-depth0-s2.0": ("peanut", {"rank": 32}),
    "peanut--rank1-relu-depth0-s32.0": ("peanut", {"rank": 1}),
    "deft--rank32-para": ("para", {"rank": 32}),
    "osf--rank128": ("osf", {"rank": 128, "targets": "all linear"}),
    "glora--default": ("glora", {"rank": 8}),
    "glora--vector-paths": ("glora", {"paths": "vector"}),
    "waveft--n_frequency-5000": ("waveft", {"n_frequency": 5000}),
    "fourierft--n_frequency-5000": ("fourierft", {"n_frequency": 5000}),
    "fourierft--default": ("fourierft", {"n_frequency": 1000}),
    "road--lr_0.001": ("road", {"variant": 2}),
    "vera--default": ("vera", {"rank": 256}),
    "pvera--default": ("pvera", {"rank": 256}),
    "pvera--rank64": ("pvera", {"rank": 64}),
    "adamss--rank32": ("adamss", {"groups": 32, "rank": 1, "directions": 100}),
    "vblora--default": ("vblora", {"num_vectors": 256, "vector_length": 256}),
    "tinylora--default": ("tinylora", {"u": 64}),
    "unilora--default": ("unilora", {"length": 256}),
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
"""Module, knobs and targets of a run."""


@pytest.mark.parametrize("run", COUNTED)
def test_a_page_counts_what_peft_has_counted(run: str) -> None:
    slug, knobs = COUNTED[run]
    assert count(load(slug), MEASURED, **knobs) == int(RUNS[run]["trainable_params"])
