"""Run every recipe of the page Choose with the real PEFT, on a tiny model of Llama's kind.

    python3 -m tests.parity.recipes > recipes.json          # where the project is installed
    python3 tests/parity/recipes.py recipes.json            # where torch, transformers and PEFT are

The first prints every recipe, for few examples. The second runs each as it stands but for the
model's name, the rates and the device, those that differ in targets or rank up to their adapter. It
prints the trained numbers as PEFT counts them, how far the model that starts is from the base, and
how far the adapter that is loaded again is from the one that was saved: that is the file
`recipes.json` beside it, which tests/parity/test_recipes.py holds against ours. Recipes on 8 and 4
bits need bitsandbytes.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SHAPE = {
    "layers": 2, "hidden": 512, "heads": 4, "queries": 512, "keys": 256, "inner": 1024,
    "vocabulary": 512,
}  # fmt: skip


EXAMPLES = [
    {"prompt": "the quick brown fox", "answer": "jumps over the lazy dog"},
    {"prompt": "the lazy dog", "answer": "runs away from it"},
] * 4
LENGTH = 16
EPOCHS, LONGER = 1, 6
"""Few steps show that a recipe runs; AdaLoRA's fall of ranks takes more to be over."""


WHOLE = re.compile(r"all linear, \d+ bits$")
"""The name of a recipe that is trained; others differ in targets or rank, and PEFT counts."""


def recipes() -> dict[str, dict[str, Any]]:
    """Return every recipe as code, by method, bits and targets; ranks once."""
    from scripts.catalog import read
    from scripts.catalog.counts import NAMES
    from scripts.catalog.recipes import Wish, recipe

    found = {}

    def add(name: str, slug: str, wish: Wish) -> None:
        found[name] = {"code": recipe(read().methods[slug], wish)}

    for slug, about in read().recipes().items():
        epochs = LONGER if "<steps>" in about.arguments.values() else EPOCHS
        short = Wish(length=LENGTH, examples=len(EXAMPLES), epochs=epochs)
        for targets in ["all linear"] if about.targets else NAMES:
            for bits in about.bits:
                wish = short._replace(bits=bits, targets=targets, checkpointing=bits == 4)
                add(f"{slug}, {targets}, {bits} bits", slug, wish)
        if about.rank:
            add(f"{slug}, all linear, 16 bits, rank 8", slug, short._replace(rank=8))
    return found


def programs(listed: Mapping[str, Mapping[str, str]]) -> str:
    """Return a digest of recipes, whatever their comments say and whichever Python asks."""
    told = {name: re.sub(r"(^|\s+)#.*", "", about["code"]) for name, about in listed.items()}
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


CHANGES = (
    (r'NAME = ".*"', 'NAME = "tiny"'),
    (r"for rate in \(.*\)", "for rate in (3e-3,)"),
    (r'f"runs/{rate:g}",', r'\g<0> use_cpu=True, report_to="none",'),
)
"""Changes that a run on a CPU makes to a recipe."""


class Counted(Exception):  # noqa: N818
    """Ends a recipe that is not trained."""


def run(code: str, whole: bool) -> dict[str, Any]:
    """Run a recipe in the present folder; return what PEFT trains, its start and its reloading.

    `started` is how far a fresh adapter's answers are from the base's, beside these, and `lost`
    how far those of the reloaded one are from the trained one's, beside what was learned.
    """
    import torch  # type: ignore[import-not-found]

    for old, new in CHANGES:
        code = re.sub(old, new, code)
    training, later = code.split("# Later:")
    made, rest = training.split("# Learning rate:")
    ids = torch.arange(16).reshape(2, 8)

    def answer(model: Any) -> Any:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):  # as the trainer has it
            return model.eval()(input_ids=ids).logits[:, -8:].float()  # without virtual tokens

    names: dict[str, Any] = {}
    told: dict[str, Any] = {}

    def adapt(base: Any, config: Any) -> Any:
        names["adapted"] = model = fresh(base, config)
        with torch.autocast("cpu", torch.bfloat16):
            ours, bare = (m.train()(input_ids=ids).logits[:, -8:] for m in (model, names["load"]()))
        told["trained"] = sum(p.numel() for p in model.parameters() if p.requires_grad)
        told["started"] = round(float((ours - bare).float().norm() / bare.float().norm()), 4)
        if not whole:
            raise Counted
        return model

    with contextlib.redirect_stdout(sys.stderr):
        exec(made, names)  # our own text
        fresh, names["get_peft_model"] = names["get_peft_model"], adapt
        try:
            exec("# Learning rate:" + rest, names)
        except Counted:
            return told
        trained, before = answer(names["adapted"]), answer(names["load"]())
        exec("# Later:" + later, names)
    learned = (trained - before).norm()
    if not learned:
        raise ValueError("nothing has moved")
    lost = (answer(names["model"]) - trained).norm() / learned
    return {**told, "lost": round(float(lost), 4)}


def tokenizer(folder: Path) -> None:
    """Save a tokenizer of the words of the data."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast  # type: ignore[import-not-found]

    texts = " ".join(text for example in EXAMPLES for text in example.values())
    words = {word: i for i, word in enumerate(["<eos>", *dict.fromkeys(texts.split())])}
    made = Tokenizer(models.WordLevel(words, unk_token="<eos>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<eos>").save_pretrained(folder)


def main(path: str) -> None:
    """Run all recipes in a file of `recipes`."""
    import bitsandbytes  # type: ignore[import-not-found]
    import peft  # type: ignore[import-not-found]
    import torch
    import transformers

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
    listed = json.loads(Path(path).read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        torch.manual_seed(0)
        transformers.LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained("tiny")
        tokenizer(Path("tiny"))
        Path("data.jsonl").write_text("\n".join(map(json.dumps, EXAMPLES)))
        gc.freeze()  # a recipe collects garbage where it loads a model
        # Answers would use other kernels than training on a CPU, and differ by a hundredth.
        bitsandbytes.nn.modules.has_avx512bf16 = lambda: False
        for name, about in listed.items():
            try:
                found[name] = run(about["code"], bool(WHOLE.search(name)))
            except Exception as error:  # what fails is what this is to tell
                found[name] = f"{type(error).__name__}: {error}"[:300]
    told = {"versions": versions, "shape": SHAPE, "programs": programs(listed), "runs": found}
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        print(json.dumps(recipes()))
