"""PEFT's LoraConfig with use_bdlora: one factor of LoRA is block-diagonal."""

from adapters_np.linalg import Array, block_diagonal
from adapters_np.methods.lora import LoRA
from tests.parity.cases import Case


def claims(case: Case) -> bool:
    return case.sidecar["peft_type"] == "LORA" and "use_bdlora" in case.config


def blocks(factor: Array, count: int) -> Array:
    """Return the blocks, which PEFT stores one below the other, on the diagonal."""
    return block_diagonal(factor.reshape(count, -1, factor.shape[1]))


def adapter(case: Case) -> LoRA:
    config, factors = case.config["use_bdlora"], {}
    for name in "AB":
        factor, split = case[f"param.lora_{name}.weight"], f"target_modules_bd_{name.lower()}"
        factors[name] = blocks(factor, config["nblocks"]) if split in config else factor
    return LoRA(**factors, s=case.effective["scaling"])
