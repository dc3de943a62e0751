# How much attention does a prefix take from the text?
import matplotlib.pyplot as plt

from adapters_np.methods.prefix_tuning import PrefixTuning
from demos.world import toy

world = toy()
counts = range(1, 33)
for zero_gate in (False, True):
    shares = []
    for tokens in counts:
        adapter = PrefixTuning.init(world.W, world.rng("init"), tokens=tokens, zero_gate=zero_gate)
        shares.append(100 * adapter.virtual_share(world.W, world.X).mean())
    plt.plot(counts, shares, label="with a gate" if zero_gate else "in the softmax")
plt.xlabel("virtual tokens, beside 32 of the text")
plt.ylabel("share of attention, %")
plt.legend()
plt.show()
