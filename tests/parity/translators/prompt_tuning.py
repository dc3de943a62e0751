"""PEFT's prompts in the input: plain, multitask and context-aware."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.prompt_tuning import (
    ContextAwarePromptTuning,
    MultitaskPromptTuning,
    PromptTuning,
)
from tests.parity.cases import Case

PROMPTS = ("PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "CPT")


def claims(case: Case) -> bool:
    rank = case.config.get("num_ranks", 1)
    return case.sidecar["peft_type"] in PROMPTS and rank == 1  # the paper's form has rank one


def prompts(case: Case, rows: int) -> list[PromptTuning]:
    """Return the prompt of every row of the batch."""
    P = case["param.embedding.weight"].T
    kind = case.sidecar["peft_type"]
    if kind == "MULTITASK_PROMPT_TUNING":
        u, v = case["param.prefix_task_cols"][..., 0], case["param.prefix_task_rows"][:, 0]
        return [MultitaskPromptTuning(P, u[t], v[t]).prompt() for t in case["task_ids"]]
    if kind == "CPT":
        context = ContextAwarePromptTuning(P, case["param.delta_embedding.weight"].T, caps(case))
        return [context.projected().prompt()] * rows
    return [PromptTuning(P)] * rows


def caps(case: Case) -> Array:
    """Return how far each token may move: kinds 1 and 3 are format, 2 is input, 0 is a label."""
    kind = np.array(case.config["cpt_tokens_type_mask"]) % 4
    form = case.config.get("opt_projection_format_epsilon", 0.1)
    text = case.config.get("opt_projection_epsilon", 0.1)
    width = case["embedding_table"].shape[1]
    return np.where(kind == 2, text, np.where(kind == 0, 0.0, form)) * np.sqrt(width / 2048)


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    ids = case["input_ids"]
    for row, (prompt, words) in enumerate(zip(prompts(case, len(ids)), ids, strict=True)):
        yield f"y[{row}]", prompt.prepend(case["embedding_table"][words].T), case["y"][row].T
