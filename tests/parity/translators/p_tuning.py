"""PEFT's prompts that a small network makes of learned tokens."""

from collections.abc import Iterator

import numpy as np

from adapters_np.linalg import Array
from adapters_np.methods.prompt_tuning import PromptTuning
from tests.parity.cases import Case, of
from tests.parity.translators.prompt_tuning import read

claims = of("P_TUNING", kind=None)


def lstm(case: Case, rows: Array, end: str) -> Array:
    """Return the hidden states (n, d) of one direction of one layer of PEFT's LSTM over rows."""
    inward, across, *biases = (
        case[f"param.lstm_head.{name}_l{end}"]
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    h = c = np.zeros(across.shape[1])
    states = []
    for row in rows:
        i, f, g, o = np.split(inward @ row + across @ h + sum(biases), 4)
        gate_i, gate_f, gate_o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
        c = gate_f * c + gate_i * np.tanh(g)
        h = gate_o * np.tanh(c)
        states.append(h)
    return np.array(states)


def prompt(case: Case) -> Array:
    """Return the tokens that the network makes, as columns."""
    rows = case["param.embedding.weight"]
    layer = 0
    while case.find(f"param.lstm_head.weight_ih_l{layer}") is not None:
        back = lstm(case, rows[::-1], f"{layer}_reverse")[::-1]
        rows = np.hstack([lstm(case, rows, f"{layer}"), back])
        layer += 1
    layers = [i for i in (0, 2, 4) if case.find(f"param.mlp_head.{i}.weight") is not None]
    for i in layers:
        rows = rows @ case[f"param.mlp_head.{i}.weight"].T + case[f"param.mlp_head.{i}.bias"]
        rows = np.maximum(rows, 0) if i != layers[-1] else rows
    return rows.T


def compare(case: Case) -> Iterator[tuple[str, Array, Array]]:
    yield from read(case, [PromptTuning(prompt(case))] * len(case["input_ids"]))
