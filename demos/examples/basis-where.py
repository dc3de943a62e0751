# Which of the weight’s own directions does a change connect?
import matplotlib.pyplot as plt
import numpy as np

from demos.probe import measure

methods = ["lora", "pissa", "svft"]
figure, axes = plt.subplots(1, len(methods), figsize=(9, 3.2), layout="constrained")
for axis, method in zip(axes, methods, strict=True):
    change = measure(method, {"size": "32x32"})
    U, _, Vt = change.world.svd
    core = np.abs(U.T @ change.delta @ Vt.T)  # ΔW in the singular basis of W
    axis.imshow(core / core.max(), cmap="Blues")
    axis.set_title(method)
    axis.set_xlabel("right singular vector")
axes[0].set_ylabel("left singular vector")
plt.show()
