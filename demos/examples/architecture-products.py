# A head is two products, not four matrices
import numpy as np

from adapters_np.layers import attention, split_heads
from adapters_np.methods.clover import CLOVER, prune

rng = np.random.default_rng(0)
W, X = rng.normal(size=(64, 32)) / 6, rng.normal(size=(32, 10))
frozen = attention(W, X, heads=2)

print("the same head in its own basis:", np.abs(CLOVER.init(W, rng).forward(W, X) - frozen).max())

T = rng.normal(size=(8, 8))
other = W.copy()
parts = split_heads(other, 2)  # Q, K, V and O, two heads each
parts[0] = T @ parts[0]
parts[1] = np.linalg.inv(T).T @ parts[1]
print("with Q and K mixed by T and T⁻¹:", np.abs(attention(other, X, heads=2) - frozen).max())

for keep in (8, 6, 4, 2):
    error = np.linalg.norm(attention(prune(W, keep), X, heads=2) - frozen)
    print(f"{keep} of 8 directions kept: error {error / np.linalg.norm(frozen):.1%}")
