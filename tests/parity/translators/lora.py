"""PEFT's LoraConfig without variants, and MonteCLoRA, which is LoRA once it is trained."""

from adapters_np.linalg import Array
from adapters_np.methods.lora import LoRA
from tests.parity.cases import Case, slopes

ARRAYS = {"A": "lora_A.weight", "B": "lora_B.weight"}
gradients = slopes(ARRAYS)

VARIANTS = ("use_dora", "velora_config", "kasa_config", "use_bdlora", "alora_invocation_tokens")
"""Fields that make another layer of LoRA's, each with a translator of its own."""

STARTED = ("pissa", "olora", "corda", "lora_ga", "eva", "mica", "orthogonal")
"""Starts that have a translator of their own, and PiSSA's with its number of iterations."""


def started(case: Case, *names: str) -> bool:
    """Return whether the factors start in one of these ways."""
    start = case.setting("init_lora_weights")
    return isinstance(start, str) and start.lower().startswith(names)


def begun(case: Case, factor: str) -> Array:
    """Return what a factor, A or B, starts from.

    Raises:
        RefusedError: when it is not recorded; the error names the field that sets it.
    """
    found = case.find(f"init.lora_{factor}.weight")
    if found is None:
        raise case.refuse("init_lora_weights", f"init.lora_{factor}.weight is not recorded")
    return found


def pooled(case: Case) -> bool:
    """Return whether A reads means of groups: PEFT heeds `use_qalora` on GPTQ layers only."""
    A = case.find("param.lora_A.weight")
    return case.given("use_qalora") and A is not None and A.shape[1] < case["W"].shape[1]


def linear(case: Case) -> bool:
    """Return whether a linear layer has LoRA as it is known, however the factors start."""
    one = case.family == "LORA" and case.sidecar["kind"] == "linear"
    return one and not any(map(case.given, VARIANTS)) and not pooled(case)


def claims(case: Case) -> bool:
    return linear(case) and not started(case, *STARTED)


def adapter(case: Case) -> LoRA:
    return LoRA(**case.ours("param", ARRAYS), s=case.effective["scaling"])


def bias(case: Case, adapter: LoRA) -> Array | None:
    b, extra = case.find("b"), case.find("param.lora_B.bias")
    return b if b is None or extra is None else b + adapter.s * extra
