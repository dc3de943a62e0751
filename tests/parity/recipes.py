"""Construct every recipe of the page Choose with the real PEFT, on a tiny model of Llama's kind.

    python3 -m tests.parity.recipes > recipes.json          # where the project is installed
    python3 tests/parity/recipes.py recipes.json            # where torch, transformers and PEFT are

The first prints every recipe. The second runs each as it stands, takes two steps of training,
under autocast where the recipe asks for it, and prints the trained numbers as PEFT counts them:
that is the file `recipes.json` beside it, which tests/parity/test_recipes.py holds against ours.
Recipes on 8 and 4 bits need bitsandbytes.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

SHAPE = {
    "layers": 2, "hidden": 512, "heads": 4, "queries": 512, "keys": 256, "inner": 1024,
    "vocabulary": 512,
}  # fmt: skip


def recipes() -> dict[str, dict[str, Any]]:
    """Return every recipe as code for the model in the folder `tiny`, by method, bits, targets."""
    from scripts.catalog import read
    from scripts.catalog.recipes import NAMES, RECIPES, recipe

    found = {}
    for slug, about in RECIPES.items():
        for targets in ["all linear"] if about.targets else NAMES:
            for bits in about.bits:
                code = recipe(read().methods[slug], "tiny", bits, targets, bits == 4)
                found[f"{slug}, {targets}, {bits} bits"] = {"code": code}
    return found


def run(code: str, folder: str) -> int:
    """Run a recipe and two steps of training; return how many numbers PEFT trains."""
    import torch  # type: ignore[import-not-found]

    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(sys.stderr):
        exec(code.replace('"tiny"', repr(folder)), names)  # our own text
    model = names["model"]
    ids = torch.randint(0, SHAPE["vocabulary"], (2, 16), device=model.device)
    trained = [p for p in model.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in trained]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0)
    model.train()
    for _ in range(2):
        with torch.autocast(model.device.type, torch.bfloat16, enabled="torch.autocast" in code):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    if all(torch.equal(p, start) for p, start in zip(trained, before, strict=True)):
        raise ValueError("nothing has moved")
    return sum(p.numel() for p in trained)


def main(path: str) -> None:
    """Run all recipes in a file of `recipes`."""
    import bitsandbytes  # type: ignore[import-not-found]
    import peft  # type: ignore[import-not-found]
    import torch
    import transformers  # type: ignore[import-not-found]

    config = transformers.LlamaConfig(
        hidden_size=SHAPE["hidden"],
        intermediate_size=SHAPE["inner"],
        num_hidden_layers=SHAPE["layers"],
        num_attention_heads=SHAPE["heads"],
        num_key_value_heads=SHAPE["heads"] * SHAPE["keys"] // SHAPE["queries"],
        vocab_size=SHAPE["vocabulary"],
    )
    versions = {m.__name__: m.__version__ for m in (peft, torch, transformers, bitsandbytes)}
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        transformers.LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
        for name, about in json.loads(Path(path).read_text("utf-8")).items():
            try:
                found[name] = run(about["code"], folder)
            except Exception as error:  # what fails is what this is to tell
                found[name] = f"{type(error).__name__}: {error}"[:300]
    print(json.dumps({"versions": versions, "shape": SHAPE, "trained": found}, indent=1))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        print(json.dumps(recipes()))
