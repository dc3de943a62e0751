# Length and direction of every neuron: DoRA against LoRA
import matplotlib.pyplot as plt
import numpy as np

from adapters_np.linalg import row_norms
from demos.probe import measure

for method in ("lora", "dora"):
    for step in (0.1, 0.2, 0.3):
        change = measure(method, {"step": step})
        before, after = row_norms(change.before), row_norms(change.after)
        cosine = (change.before * change.after).sum(axis=1) / (before * after)
        colour = {"lora": "tab:orange", "dora": "tab:blue"}[method]
        label = method if step == 0.1 else None
        plt.scatter(np.degrees(np.arccos(cosine)), after / before - 1, 8, colour, label=label)
plt.xlabel("how far a neuron turns, degrees")
plt.ylabel("relative change of its length")
plt.legend()
plt.show()
