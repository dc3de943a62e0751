"""PEFT's context-aware prompts."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.cpt import ContextAwarePromptTuning
from tests.parity.cases import Case, of
from tests.parity.translators.prompt_tuning import prompt, read

claims = of("CPT", kind=None)


def caps(case: Case) -> Array:
    """Return how far each token may move: kinds 1 and 3 are format, 2 is input, 0 is a label."""
    kind = np.array(case.config["cpt_tokens_type_mask"]) % 4
    form = case.config.get("opt_projection_format_epsilon", 0.1)
    text = case.config.get("opt_projection_epsilon", 0.1)
    width = case["embedding_table"].shape[1]
    return np.where(kind == 2, text, np.where(kind == 0, 0.0, form)) * np.sqrt(width / 2048)


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    D = case["param.delta_embedding.weight"].T
    context = ContextAwarePromptTuning(prompt(case), D, caps(case))
    yield from read(case, [context.prompt()] * len(case["input_ids"]))
