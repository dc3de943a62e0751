"""PEFT's multitask prompts."""

from collections.abc import Iterator

from adapters_np.linalg import Array
from adapters_np.methods.multitask_prompt_tuning import MultitaskPromptTuning
from tests.parity.cases import Case
from tests.parity.translators.prompt_tuning import prompt, read


def claims(case: Case) -> bool:
    rank = case.config.get("num_ranks", 1)
    return case.sidecar["peft_type"] == "MULTITASK_PROMPT_TUNING" and rank == 1  # as in the paper


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    u, v = case["param.prefix_task_cols"][..., 0], case["param.prefix_task_rows"][:, 0]
    tasks = [MultitaskPromptTuning(prompt(case), u[t], v[t]) for t in case["task_ids"]]
    yield from read(case, [task.prompt() for task in tasks])
