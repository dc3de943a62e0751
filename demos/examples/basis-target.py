# The best change in a given basis, against a free basis of the same rank
import matplotlib.pyplot as plt
import numpy as np

from demos.world import toy

rng = np.random.default_rng(1)
U, _, Vt = toy(seed=0).svd  # the basis of the weight
target = toy(seed=1).W  # a change that knows nothing of it
P, Q = (np.linalg.qr(rng.normal(size=(64, 64)))[0] for _ in range(2))
sigma = np.linalg.svd(target, compute_uv=False)

ranks = np.arange(1, 65)
free = [np.sqrt((sigma[r:] ** 2).sum()) for r in ranks]  # Eckart and Young
own = [np.linalg.norm(target - U[:, :r] @ (U[:, :r].T @ target @ Vt[:r].T) @ Vt[:r]) for r in ranks]
random = [np.linalg.norm(target - P[:, :r] @ (P[:, :r].T @ target @ Q[:, :r]) @ Q[:, :r].T)
          for r in ranks]  # fmt: skip

for name, error in {"free": free, "of the weight": own, "random": random}.items():
    plt.plot(ranks, np.array(error) / np.linalg.norm(target), label=name)
plt.xlabel("rank")
plt.ylabel("share of the target that is missed")
plt.legend(title="basis")
plt.show()
