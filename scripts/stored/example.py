"""An adapter to open: LoRAs for the experiment's small model, in the two files of PEFT.

Nothing is trained. Every matrix is our LoRA's nearest to a target, so that a reader knows
what its singular values should look like.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.lora import LoRA
from demos.worlds import WORLDS, change
from scripts.bootstrap import ROOT

BASE = ROOT / "docs" / "data" / "bases" / "64-0.npz"
OUT = ROOT / ".build" / "example"
ABOUT = OUT / "about.json"

RANK, ALPHA = 8, 16
HIGHER = ("model.layers.3.mlp.down_proj", 2 * RANK)
"""A matrix with a rank of its own, and that rank."""


class Matrix(NamedTuple):
    """A weight of the base, its name in a model of Llama's kind, and the target."""

    weight: str
    module: str
    world: str


MATRICES = (
    Matrix("q", "self_attn.q_proj", "few"),
    Matrix("k", "self_attn.k_proj", "turn"),
    Matrix("v", "self_attn.v_proj", "rows"),
    Matrix("o", "self_attn.o_proj", "principal"),
    Matrix("up", "mlp.up_proj", "kronecker"),
    Matrix("down", "mlp.down_proj", "noise"),
)


def adapters() -> dict[str, LoRA]:
    """Return the LoRA of every module; later layers change more."""
    adapters: dict[str, LoRA] = {}
    rng = np.random.default_rng(0)
    with np.load(BASE) as base:
        for matrix in MATRICES:
            weights = base[matrix.weight].astype(float)
            for i, W in enumerate(weights):
                module = f"model.layers.{i}.{matrix.module}"
                rank = HIGHER[1] if module == HIGHER[0] else RANK
                wanted = (i + 1) / len(weights) * change(matrix.world, W, seed=i)
                fresh = LoRA.init(W, rng, rank=rank, alpha=float(ALPHA))
                adapters[module] = fresh.nearest(W, wanted)
    return adapters


def files() -> dict[str, bytes]:
    tensors = {}
    for module, lora in adapters().items():
        for letter, factor in (("A", lora.A), ("B", lora.B)):
            tensors[f"base_model.model.{module}.lora_{letter}.weight"] = factor
    config = {
        "peft_type": "LORA",
        "base_model_name_or_path": None,
        "r": RANK,
        "lora_alpha": ALPHA,
        "use_rslora": False,
        "use_dora": False,
        "rank_pattern": {HIGHER[0]: HIGHER[1]},
        "alpha_pattern": {},
        "bias": "none",
        "target_modules": [matrix.module.split(".")[1] for matrix in MATRICES],
    }
    text = json.dumps(config, indent=2) + "\n"
    return {"adapter_config.json": text.encode(), "adapter_model.safetensors": safetensors(tensors)}


def safetensors(tensors: Mapping[str, Array]) -> bytes:
    """Return arrays as a .safetensors file of float16."""
    head: dict[str, Any] = {"__metadata__": {"format": "pt", "licence": "MIT"}}
    body = b""
    for name, array in sorted(tensors.items()):
        data = array.astype("<f2").tobytes()
        offsets = [len(body), len(body) + len(data)]
        head[name] = {"dtype": "F16", "shape": list(array.shape), "data_offsets": offsets}
        body += data
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)  # the format has its data begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + body


def about() -> dict[str, Any]:
    worlds = {matrix.module.split(".")[1]: WORLDS[matrix.world].title for matrix in MATRICES}
    return {"count": len(adapters()), "worlds": worlds, "names": [*files()]}


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for name, data in files().items():
        (OUT / name).write_bytes(data)
    ABOUT.write_text(json.dumps(about()), "utf-8")
