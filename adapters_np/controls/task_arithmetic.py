"""Controls of task arithmetic, which believes in the changes that fine-tunings have made."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control
from adapters_np.linalg import Array
from adapters_np.methods.task_arithmetic import TaskArithmetic


@control("relocated")
def entries_shuffled(fresh: TaskArithmetic, W: Array, rng: np.random.Generator) -> TaskArithmetic:
    """Add changes whose entries are in an order drawn at random, one order for all tasks.

    Taken out: that the added change is one that a task made. Kept: the entries of each change, what
    pruning leaves of them, and how far the tasks meet.
    """
    order = rng.permutation(W.size)

    def moved(each: Array) -> Array:
        return each.reshape(len(each), -1)[:, order].reshape(each.shape)

    return replace(fresh, changes=moved(fresh.changes), parts=moved(fresh.parts))
