"""Train the recipe of LoRA to the end on a tiny model, and print what the model answers.

    .venv/bin/python -m tests.parity.stopping > recipe.py           # where the project is installed
    python tests/parity/stopping.py recipe.py                       # where torch and PEFT are

The base counts and never stops: it has learned from endless texts. The examples ask it to count
from one number to another. What it answers before and after, to prompts that are in no example, is
what tests/parity/test_stopping.py looks at.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

TOP = 24
ROOM = 32
"""Tokens that an answer may take: more than all numbers."""

CHAT = (
    "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}"
    "{% if add_generation_prompt %}assistant{% endif %}"
)
ASKED = [(a, b) for a in range(1, TOP) for b in range(a + 1, TOP + 1)]
UNSEEN = ASKED[::11]


def code() -> str:
    """Return LoRA's recipe for the examples."""
    from scripts.catalog import read
    from scripts.catalog.recipes import Wish, recipe

    examples = len(ASKED) - len(UNSEEN)
    return recipe(read().methods["lora"], Wish(examples=examples, epochs=12, length=ROOM, batch=4))


def counted(a: int, b: int) -> str:
    """Return the numbers from a to b."""
    return " ".join(map(str, range(a, b + 1)))


def make_base(folder: str) -> None:
    """Save a tokenizer with a chat format, and a model that counts for ever."""
    import torch  # type: ignore[import-not-found]
    import transformers  # type: ignore[import-not-found]
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["<eos>", "user", "assistant", "from", "to", *map(str, range(1, TOP + 1))]
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<eos>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<eos>")
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)

    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=4, vocab_size=len(words), eos_token_id=0, bos_token_id=None,
        max_position_embeddings=2 * ROOM,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    first = words.index("1")
    for _ in range(300):
        at = torch.randint(0, TOP, (16, 1)) + torch.arange(2 * ROOM)
        ids = first + at % TOP
        ids[:, :6] = torch.randint(1, len(words), (16, 6))
        model(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    model.to(torch.bfloat16).save_pretrained(folder)


CHANGES = (
    (r'NAME = ".*"', 'NAME = "base"'),
    (r"for rate in \(.*\)", "for rate in (1e-3, 3e-3, 1e-2)"),  # the base is 64 wide
    (r'f"runs/{rate:g}",', r'\g<0> use_cpu=True, report_to="none",'),
)
"""Changes that a run on a CPU makes to a recipe."""


def main(recipe: str) -> None:
    """Run a recipe in a folder of its own, and print the answers before and after."""
    for old, new in CHANGES:
        recipe = re.sub(old, new, recipe)
    seen = [pair for pair in ASKED if pair not in UNSEEN]
    lines = [{"prompt": f"from {a} to {b}", "answer": counted(a, b)} for a, b in seen]
    names: dict[str, Any] = {}

    def answers(model: Any) -> dict[str, str]:
        import torch

        found = {}
        for a, b in UNSEEN:
            ids = torch.tensor([names["ask"](f"from {a} to {b}")])
            mask = torch.ones_like(ids)
            out = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=ROOM)
            found[f"{a} {b}"] = names["tokenizer"].decode(out[0, ids.shape[1] :])
        return found

    with (
        contextlib.redirect_stdout(sys.stderr),
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
    ):
        make_base("base")
        Path("data.jsonl").write_text("\n".join(map(json.dumps, lines)))
        exec(recipe, names)  # our own text
        told = {"before": answers(names["load"]()), "after": answers(names["model"])}
    losses = {str(rate): loss for rate, loss in names["losses"].items()}
    print(json.dumps({**told, "losses": losses, "best": names["best"]}))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).read_text("utf-8"))
    else:
        print(code())
