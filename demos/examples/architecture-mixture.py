# Every token gets its own mixture of experts
import matplotlib.pyplot as plt

from adapters_np.core import perturbed
from adapters_np.methods.xlora import XLoRA
from demos.world import toy

world = toy()
figure, axes = plt.subplots(3, 1, figsize=(6, 4.2), sharex=True, layout="constrained")
for axis, temperature in zip(axes, (0.2, 1.0, 5.0), strict=True):
    gate = XLoRA.init(world.W, world.rng("init"), temperature=temperature)
    weights = perturbed(gate, world.rng("step"), 0.5).mixture(world.W, world.X)
    axis.imshow(weights, vmin=0, vmax=1, cmap="Blues", aspect="auto")
    axis.set_ylabel(f"τ = {temperature}")
axes[-1].set_xlabel("token")
figure.suptitle("weight of each of four experts")
plt.show()
