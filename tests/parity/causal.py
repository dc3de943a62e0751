"""Make the study of any causal model on a tiny one of Llama's kind, with the real PEFT.

    python3 -m tests.parity.causal > tests/parity/causal.json   # where torch and PEFT are

Every entry is trained for a few steps, twice with one seed, which has to give one number.
tests/scripts/studies/test_causal.py reads what is printed.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from scripts.studies import causal as study
from scripts.survey.results import causal as survey

SHAPE = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 300,
}  # fmt: skip
TEXT = "def walk(graph, start):\n    for node in graph[start]:\n        yield node\n"
SPEECH = "Fellow citizens of the Senate and of the House of Representatives\n"
SMALL = survey.plan().model_copy(update={"tokens": 32, "batch": 4, "steps": 12})


def tiny(folder: Path) -> None:
    """Save a random model and a tokenizer of bytes, and the parts of a text."""
    import torch  # type: ignore[import-not-found]
    import transformers  # type: ignore[import-not-found]
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    torch.manual_seed(0)
    config = transformers.LlamaConfig(**SHAPE)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(tokenizer_object=made).save_pretrained(folder)
    for part in ("train", *survey.LOSSES):
        (folder / f"{part}.txt").write_text((SPEECH if part == "held" else TEXT) * 20)


def main() -> None:
    """Print every entry's row, without what differs between machines."""
    for module in (survey, study):
        setattr(module, "plan", lambda *_: SMALL)  # noqa: B010
    found = {}
    with tempfile.TemporaryDirectory() as name:
        tiny(Path(name))
        own = study.Study(name, "cpu", Path(name))
        for entry, about in SMALL.entries.items():
            run = study.Cell("tiny", entry, study.named(Path(name))).run(
                about.guess + 2, 1, "final"
            )
            row, again = own.run(run), own.run(run)
            found[entry] = {
                "parameters": row["parameters"], "fell": row["start_test"] - row["test"],
                "again": row["test"] - again["test"], "status": row["status"],
                "forgot": row["held"] - row["start_held"],
            }  # fmt: skip
    print(json.dumps({"versions": study.versions(), "shape": SHAPE, "runs": found}, indent=1))


if __name__ == "__main__":
    main()
