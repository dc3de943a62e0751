"""PEFT's prompts in the input."""

from collections.abc import Iterator

from adapters_np.linalg import Array
from adapters_np.methods.prompt_tuning import PromptTuning
from tests.parity.cases import Case, of

claims = of("PROMPT_TUNING", kind=None)


def prompt(case: Case) -> Array:
    """Return the learned tokens as columns."""
    return case["param.embedding.weight"].T


def read(case: Case, prompts: list[PromptTuning]) -> Iterator[tuple[str, Array, Array]]:
    """Yield what the model reads in every row of the batch, given the prompt of each."""
    for row, (ours, words) in enumerate(zip(prompts, case["input_ids"], strict=True)):
        yield f"y[{row}]", ours.prepend(case["embedding_table"][words].T), case["y"][row].T


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    yield from read(case, [PromptTuning(prompt(case))] * len(case["input_ids"]))
