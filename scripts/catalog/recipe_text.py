"""The pieces that a recipe is put together from, with slots in angle brackets."""

from __future__ import annotations

LOAD = '''\
# pip install -U <packages>
import gc
import json
import random

import torch
from peft import <classes>
from transformers import (
    AutoModelForCausalLM, AutoTokenizer,<loaders> DataCollatorForSeq2Seq,
    Trainer,<callbacks> TrainingArguments, set_seed,
)

# Of a gated model, as Llama, accept the licence on its page first, then run: hf auth login
NAME = "<model>"
tokenizer = AutoTokenizer.from_pretrained(NAME)
tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token


def load():
    """Return the base model."""
    gc.collect()
    torch.cuda.empty_cache()
    model = AutoModelForCausalLM.from_pretrained(
        NAME,
        dtype=torch.bfloat16,<quantised>
        device_map="auto",
    )<prepare><loading>
    return model


def ask(prompt):
    """Return the tokens of a prompt, in the model's chat format where it has one."""
    if not tokenizer.chat_template:
        return tokenizer(prompt + "\\n")["input_ids"]
    turns = [{"role": "user", "content": prompt}]
    text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def encode(example):
    """Return tokens and labels: the loss sees the answer and the end token, not the prompt."""
    prompt = ask(example["prompt"])
    answer = tokenizer(example["answer"], add_special_tokens=False)["input_ids"]
    answer.append(tokenizer.eos_token_id)
    return {"input_ids": prompt + answer, "labels": [-100] * len(prompt) + answer}


# data.jsonl has {"prompt": "...", "answer": "..."} on each line.
with open("data.jsonl", encoding="utf-8") as file:
    encoded = [encode(json.loads(line)) for line in file if line.strip()]
examples = [e for e in encoded if len(e["input_ids"]) <= <length>]
print(f"{len(examples)} examples, {len(encoded) - len(examples)} too long and left out")
random.Random(0).shuffle(examples)
validation, training = examples[:<held>], examples[<held>:]


def train(rate):
    """Train at a learning rate, save the best epoch's adapter, return its validation loss."""
    set_seed(0)
<config>
    model = get_peft_model(load(), config)
    model.print_trainable_parameters()<notes>
    settings = TrainingArguments(
        f"runs/{rate:g}",
        learning_rate=rate,
        num_train_epochs=<epochs>,  # <steps> steps of <together> examples
        warmup_steps=<warmup>,
        per_device_train_batch_size=<batch>,
        per_device_eval_batch_size=<batch>,
        gradient_accumulation_steps=<accumulation>,
        gradient_checkpointing=<checkpointing>,
        optim="<optimiser>",<chunked>
        bf16=True,
        logging_steps=10,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
    )
    trainer = Trainer(
        model, settings, train_dataset=training, eval_dataset=validation,
        data_collator=DataCollatorForSeq2Seq(tokenizer)<trainer>,
    )
    trainer.train()
    model.save_pretrained(f"trained/{rate:g}"<saving>)
    return trainer.state.best_metric


# Learning rate: <why>
losses = {rate: train(rate) for rate in (<rates>)}
best = min(losses, key=losses.get)
print(f"Validation loss by learning rate: {losses}. The best rate is {best:g}.")
# If that is the first or the last of the three, try the next one beyond it.

# Later: the same base, the best adapter on it, and an answer that ends by itself.
model = PeftModel.from_pretrained(load(), f"trained/{best:g}").eval()
tokens = torch.tensor([ask("...")], device=model.device)
mask = torch.ones_like(tokens)
with torch.autocast(model.device.type, torch.bfloat16):  # as in training
    answer = model.generate(input_ids=tokens, attention_mask=mask, max_new_tokens=<length>)
print(tokenizer.decode(answer[0, tokens.shape[1]:], skip_special_tokens=True))<merging>
'''

SCHEDULE = {
    # a twentieth of the examples is held out
    "held": "max(1, min(500, examples // 20))",
    # about 16 sequences a step, fewer where an epoch would have less than 50 steps
    "accumulation": "ceil(max(1, min(16, examples // 50)) / batch)",
    "together": "accumulation * batch",
    "steps": "epochs * ceil((examples - held) / together)",
    "warmup": "ceil(0.03 * steps)",
}
"""What follows from examples, epochs and batch, each from the lines above it."""

MERGING = """
# To merge it, load the base with dtype=torch.float32 and not quantised, then call
# model.merge_and_unload(): in bfloat16 the sum rounds small changes away."""

OPTIMISERS = {
    "AdamW": "adamw_torch",
    "AdamW in 8 bits": "adamw_8bit",
    "SGD without momentum": "sgd",
}
"""Names of the optimisers of memory.STATES in transformers."""

CHUNKED = "\n        use_liger_kernel=True,  # the logits in chunks: pip install liger-kernel"

QUANTISED = {
    16: "",
    8: "\n        quantization_config=BitsAndBytesConfig(load_in_8bit=True),",
    4: """
        quantization_config=BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        ),""",
}
KBIT = """
    model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=<checkpointing>)"""
CHECKPOINTING = "\n    model.enable_input_require_grads()"
