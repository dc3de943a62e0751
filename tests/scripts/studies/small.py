"""The small decoder in tests, and what a method makes of one text in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from scripts.studies import decoder, pretrain, tokens
from scripts.studies.adapting import Adapted, Method
from tests.toy import FAST

BASE, MERGES = pretrain.base()
MODEL = {name: jnp.asarray(a) for name, a in BASE.items()}
TEXT = np.random.default_rng(0).integers(0, tokens.VOCABULARY, (2, 17))
LOGITS = jax.jit(decoder.logits, compiler_options=FAST)


def outputs(method: Method, *changes: Callable[[Any], Any]) -> list[Any]:
    """Return what the model makes of TEXT, for each change of all that is trained.

    Where a method changes weights alone, only these are compiled, and the model once for all.
    """
    adapted = Adapted(method, BASE)
    learned, frozen = adapted.start(3)

    @partial(jax.jit, compiler_options=FAST)
    def made(learned: Any, frozen: Any) -> Any:
        weights, hooks = adapted.apply(MODEL, learned, frozen)
        hooked = any(hook is not None for hook in hooks)
        return decoder.logits(weights, TEXT, hooks) if hooked else weights

    found = [made(jax.tree.map(change, learned), frozen) for change in changes]
    return [LOGITS(one, TEXT) if isinstance(one, dict) else one for one in found]
