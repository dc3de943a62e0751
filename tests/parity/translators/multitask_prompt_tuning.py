"""PEFT's multitask prompts."""

from collections.abc import Iterator

from adapters_np.linalg import Array
from adapters_np.methods.multitask_prompt_tuning import MultitaskPromptTuning
from adapters_np.methods.prompt_tuning import PromptTuning
from tests.parity.cases import Case, of
from tests.parity.translators.prompt_tuning import prompt, read

claims = of("MULTITASK_PROMPT_TUNING", kind=None)


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    columns, rows = case["param.prefix_task_cols"], case["param.prefix_task_rows"]
    if case.setting("num_ranks") == 1:  # as in the paper
        u, v, P = columns[..., 0], rows[:, 0], prompt(case)
        yield from read(
            case, [MultitaskPromptTuning(P, u[t], v[t]).prompt() for t in case["task_ids"]]
        )
    else:
        factors = (columns @ rows).swapaxes(1, 2)  # (tasks, d, tokens)
        yield from read(case, [PromptTuning(prompt(case) * factors[t]) for t in case["task_ids"]])
