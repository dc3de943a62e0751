# PiSSA starts inside W: how much of W does the adapter take?
import numpy as np

from adapters_np.methods.pissa import PiSSA
from demos.world import toy

W = toy().W
for components in ("principal", "minor"):
    for rank in (1, 4, 16):
        adapter = PiSSA.init(W, np.random.default_rng(0), rank=rank, components=components)
        taken = 1 - np.linalg.norm(adapter.residual(W)) ** 2 / np.linalg.norm(W) ** 2
        print(f"{components:>9}, rank {rank:2}: {taken:6.1%} of ‖W‖²")

print("and yet it changes nothing:", np.abs(adapter.delta(W)).max())
