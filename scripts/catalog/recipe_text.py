"""The pieces that a recipe is put together from, with slots in angle brackets."""

from __future__ import annotations

LOAD = """\
import torch
from peft import <classes>
from transformers import (
    AutoModelForCausalLM, AutoTokenizer,<loaders>
    DataCollatorForLanguageModeling, Trainer,<callbacks> TrainingArguments,
)

NAME = "<model>"


def load():
    model = AutoModelForCausalLM.from_pretrained(
        NAME,
        dtype=torch.bfloat16,<quantised>
        device_map="auto",
    )<prepare><loading>
    return model


model = load()
config = <config>
model = get_peft_model(model, config)
model.print_trainable_parameters()<notes>

# Data: an example a line in train.txt.
tokenizer = AutoTokenizer.from_pretrained(NAME)
tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
with open("train.txt", encoding="utf-8") as file:
    examples = [tokenizer(line, truncation=True, max_length=<length>) for line in file]

# Learning rate: <why>
settings = TrainingArguments(
    "runs",
    learning_rate=<rate>,
    max_steps=1000,
    per_device_train_batch_size=<batch>,
    gradient_checkpointing=<checkpointing>,
    optim="<optimiser>",<chunked>
    bf16=True,
)
Trainer(
    model, settings, train_dataset=examples,
    data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False)<trainer>,
).train()
model.save_pretrained("trained"<saving>)

# Later: the same base, and the adapter on it.
model = PeftModel.from_pretrained(load(), "trained")<merging>
"""

MERGING = """
# To merge it, load the base with dtype=torch.float32 and not quantised, then call
# model.merge_and_unload(): in bfloat16 the sum rounds small changes away."""

OPTIMISERS = {
    "AdamW": "adamw_torch",
    "AdamW in 8 bits": "adamw_8bit",
    "SGD without momentum": "sgd",
}
"""Names of the optimisers of memory.STATES in transformers."""

CHUNKED = "\n    use_liger_kernel=True,  # the logits in chunks: pip install liger-kernel"

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
