"""Mathematics that several methods share. All functions are pure and take float64 arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters_np.errors import KnobError

Array = NDArray[np.floating[Any]]

HALF_TURN = 1e-8
"""The least singular value of I + R below which a rotation R counts as one by 180°."""


def divide(knob: str, value: int, axis: str, size: int) -> int:
    """Return size / value, the number of blocks.

    Raises:
        ValueError: when `value` does not divide `size`; the text names knob, value and axis.
    """
    if size % value:
        raise KnobError(knob, value, f"does not divide {axis}={size}")
    return size // value


def at_most(knob: str, value: int, axis: str, size: int) -> None:
    """Check that a knob does not exceed a size of the layer.

    Raises:
        ValueError: when it does; the text names knob, value and axis.
    """
    if value > size:
        raise KnobError(knob, value, f"is larger than {axis}={size}")


def kaiming_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return entries drawn from U(−1/√fan_in, 1/√fan_in), fan_in being the last axis.

    This is PyTorch's default for a linear layer and PEFT's for LoRA's A (Kaiming with a = √5).
    """
    limit = 1 / np.sqrt(shape[-1])
    return rng.uniform(-limit, limit, size=shape)


def skew(v: Array, b: int) -> Array:
    """Return skew-symmetric matrices (..., b, b) from their strict upper triangles (..., b(b−1)/2).

    Examples:
        >>> skew(np.array([1.0, 2.0, 3.0]), 3)
        array([[ 0.,  1.,  2.],
               [-1.,  0.,  3.],
               [-2., -3.,  0.]])
    """
    Q = np.zeros((*v.shape[:-1], b, b))
    rows, columns = np.triu_indices(b, 1)
    Q[..., rows, columns] = v
    return Q - np.swapaxes(Q, -1, -2)


def cayley(Q: Array) -> Array:
    """Return the rotations R = (I + Q)(I − Q)⁻¹ of skew-symmetric matrices, (..., b, b).

    The two factors commute, so one solve gives R. R is in SO(b): RᵀR = I, det R = 1, and −1 is no
    eigenvalue.
    """
    identity = np.eye(Q.shape[-1])
    return np.linalg.solve(identity - Q, identity + Q)


def inverse_cayley(R: Array) -> Array | None:
    """Return the strict upper triangles of Q, (..., b(b−1)/2), with `cayley(Q)` = R, (..., b, b).

    None where a plane is turned by 180°, or so nearly that round-off decides: there is no such Q.

    >>> inverse_cayley(cayley(skew(np.array([[0.5]]), 2)))
    array([[0.5]])
    """
    identity = np.eye(R.shape[-1])
    if np.linalg.svd(identity + R, compute_uv=False).min() < HALF_TURN:
        return None
    Q = np.linalg.solve(identity + R, R - identity)
    upper = np.triu_indices(R.shape[-1], 1)
    return Q[..., *upper]


def cayley_neumann(Q: Array, terms: int) -> Array:
    """Return I + 2Q + 2Q² + … + 2Q^(m−1) + Q^m with m = `terms`, which approximates `cayley(Q)`.

    The result equals cayley(Q)(I − Q^m): it is (I + Q) times the first m terms of (I − Q)⁻¹.
    """
    identity = np.eye(Q.shape[-1])
    series = power = np.broadcast_to(identity, Q.shape)
    for _ in range(terms - 1):
        power = power @ Q
        series = series + power
    return (identity + Q) @ series


def rotate_blocks(W: Array, R: Array) -> Array:
    """Return W blockdiag(R)ᵀ for rotations R (n_blocks, b, b); W is (d_out, n_blocks · b)."""
    n_blocks, b, _ = R.shape
    neurons = W.reshape(-1, n_blocks, 1, b)
    return (neurons @ np.swapaxes(R, -1, -2)).reshape(W.shape)


def block_diagonal(blocks: Array) -> Array:
    """Return one matrix with the blocks (n, b, c) on its diagonal, (n · b, n · c)."""
    n, b, c = blocks.shape
    out = np.zeros((n, b, n, c))
    out[np.arange(n), :, np.arange(n), :] = blocks
    return out.reshape(n * b, n * c)


def reflect(W: Array, u: Array) -> Array:
    """Return W (I − 2 u uᵀ/‖u‖²): every row of W reflected at the hyperplane orthogonal to u."""
    return W - np.outer(W @ u, u) * (2 / (u @ u))


def compact_wy(N: Array) -> Array:
    """Return Γ of ∏ (I − 2 n nᵀ) = I + N Γ Nᵀ, (r, r), for unit normals n, columns of N (d, r).

    It is upper triangular, with −2 on its diagonal.
    """
    return -np.linalg.inv(np.triu(N.T @ N, 1) + np.eye(N.shape[1]) / 2)


def project_blocks(W: Array, u: Array) -> Array:
    """Return W blockdiag(û ûᵀ), each row of u (n_blocks, b) scaled to unit length first.

    Every row of W is projected, block by block, onto one direction; no d × d matrix is formed.
    """
    n_blocks, b = u.shape
    unit = u / row_norms(u)[:, None]
    along = np.einsum("onb,nb->on", W.reshape(-1, n_blocks, b), unit)
    return (along[:, :, None] * unit).reshape(W.shape)


def butterfly(d: int, b: int, level: int) -> NDArray[np.intp]:
    """Return the order of d coordinates that puts each block of a butterfly factor together, (d,).

    A block of size b joins two half-blocks that lie 2^level half-blocks apart; level 0 is the plain
    block-diagonal order.

    Examples:
        >>> butterfly(8, 2, 1)
        array([0, 2, 1, 3, 4, 6, 5, 7])
    """
    if level == 0:
        return np.arange(d)
    return np.arange(d).reshape(-1, 2, 2**level, b // 2).swapaxes(1, 2).ravel()


Pairs = list[tuple[slice, slice, slice]]
"""Rounds of disjoint pairs: the first coordinates, the second ones, and the pairs' own numbers."""


def tournament(d: int) -> Pairs:
    """Return the d − 1 pairs of a knock-out among d coordinates, round after round.

    Round r pairs coordinate 2^r k with 2^(r−1) (2k + 1), and only the former plays on.

    Examples:
        >>> [(np.arange(8)[p], np.arange(8)[q]) for p, q, _ in tournament(8)][1]
        (array([0, 4]), array([2, 6]))
    """
    rounds, played = [], 0
    for stride in (2**r for r in range((d - 1).bit_length())):
        p, q = slice(0, d - stride, 2 * stride), slice(stride, d, 2 * stride)
        pairs = len(range(d)[q])
        rounds.append((p, q, slice(played, played + pairs)))
        played += pairs
    return rounds


def neighbours(d: int) -> Pairs:
    """Return the d − 1 pairs (k − 1, k) of adjacent coordinates, one a round, last pair first."""
    return [(slice(k - 1, k), slice(k, k + 1), slice(k - 1, k)) for k in range(d - 1, 0, -1)]


def mix_pairs(W: Array, rounds: Pairs, G: Array) -> Array:
    """Return W Mᵀ, where M applies the 2 × 2 matrices G (pairs, 2, 2), round after round."""
    W = W.copy()
    for p, q, pairs in rounds:
        first, second, g = W[:, p], W[:, q], G[pairs]
        W[:, p], W[:, q] = (
            first * g[:, 0, 0] + second * g[:, 0, 1],
            first * g[:, 1, 0] + second * g[:, 1, 1],
        )
    return W


def plane_rotations(theta: Array) -> Array:
    """Return the rotations of a plane by the angles theta (n,), counter-clockwise, (n, 2, 2)."""
    c, s = np.cos(theta), np.sin(theta)
    return np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)


def circulant(c: Array) -> Array:
    """Return the circulant matrices with first columns c, (..., b, b): C[i, j] = c[(i − j) mod b].

    Examples:
        >>> circulant(np.array([1.0, 2.0, 3.0]))
        array([[1., 3., 2.],
               [2., 1., 3.],
               [3., 2., 1.]])
    """
    b = c.shape[-1]
    i = np.arange(b)
    return c[..., (i[:, None] - i) % b]


def thin_svd(W: Array) -> tuple[Array, Array, Array]:
    """Return U (d_out, k), σ (k,) and Vᵀ (k, d_in) with fixed signs; k is the smaller side.

    The largest entry of each column of U is made positive, so that the factors are the same on
    every machine wherever the singular values are distinct.
    """
    U, sigma, Vt = np.linalg.svd(W, full_matrices=False)
    signs = column_signs(U)
    return U * signs, sigma, signs[:, None] * Vt


def column_signs(U: Array) -> Array:
    """Return the sign of the largest entry of each column, (k,) for U (n, k).

    >>> column_signs(np.array([[1.0, 0.5], [-2.0, 0.0]])).tolist()
    [-1.0, 1.0]
    """
    signs: Array = np.sign(U[np.argmax(np.abs(U), axis=0), np.arange(U.shape[1])])
    return signs


def low_rank_factors(M: Array, rank: int) -> tuple[Array, Array]:
    """Return B (m, r) and A (r, n), equally long, whose product is the rank-r matrix nearest to M.

    Eckart and Young, 1936.

    >>> B, A = low_rank_factors(np.diag([4.0, 1.0]), 1)
    >>> np.abs(B @ A).round(9).tolist()
    [[4.0, 0.0], [0.0, 0.0]]
    """
    U, sigma, Vt = thin_svd(M)
    root = np.sqrt(sigma[:rank])
    return U[:, :rank] * root, root[:, None] * Vt[:rank]


def nearest_rotations(A: Array, B: Array) -> Array:
    """Return the rotations R, (..., b, b), for which A R is nearest to B, both (..., m, b).

    The orthogonal Procrustes problem, with determinant 1.
    """
    u, _, vt = np.linalg.svd(A.swapaxes(-1, -2) @ B)
    u[..., -1] *= np.sign(np.linalg.det(u @ vt))[..., None]
    return u @ vt


def orthonormal_rows(M: Array) -> Array:
    """Return the matrix with orthonormal rows that is nearest to M, (r, d) with r ≤ d.

    It is the polar factor (M Mᵀ)^(−1/2) M of a matrix of full rank, by Newton's iteration. An SVD
    gives it too, but no derivative passes through one where singular values are equal.

    Examples:
        >>> orthonormal_rows(np.array([[3.0, 0.0, 0.0], [0.0, 0.0, -2.0]])) + 0.0
        array([[ 1.,  0.,  0.],
               [ 0.,  0., -1.]])
    """
    Q, X = np.linalg.qr(M.T)
    for _ in range(12):  # nine are enough for a condition number of 1e16
        inverse = np.linalg.inv(X).T
        scale = (np.sum(inverse**2) / np.sum(X**2)) ** 0.25
        X = (scale * X + inverse / scale) / 2
    return (Q @ X).T


def product_svd(P: Array, Q: Array) -> tuple[Array, Array, Array]:
    """Return the SVD of P Qᵀ without forming it: U (..., m, k), σ (..., k) and V (..., n, k).

    P is (..., m, k) and Q is (..., n, k) with k ≤ m and k ≤ n. Signs are fixed as in `thin_svd`.

    Examples:
        >>> product_svd(np.array([[3.0], [4.0]]), np.array([[2.0], [0.0], [0.0]]))[1]
        array([10.])
    """
    (U, R), (V, T) = np.linalg.qr(P), np.linalg.qr(Q)
    u, sigma, vt = np.linalg.svd(R @ np.swapaxes(T, -1, -2))
    U, V = U @ u, V @ np.swapaxes(vt, -1, -2)
    largest = np.argmax(np.abs(U), axis=-2, keepdims=True)
    signs = np.sign(np.take_along_axis(U, largest, axis=-2))
    return U * signs, sigma, V * signs


def row_norms(W: Array, floor: float = 0.0) -> Array:
    """Return the Euclidean norm of every row, `floor` at least, (d_out,): one per neuron.

    The floor is under the root, so that a zero row has a derivative too.
    """
    return np.sqrt(np.maximum(np.einsum("ij,ij->i", W, W), floor**2))


def angles_from(v: Array, M: Array) -> Array:
    """Return the angles between a vector, (d,), and the columns of a matrix, (n,), in degrees.

    Examples:
        >>> angles_from(np.array([1.0, 0.0]), np.array([[2.0, 0.0, -1.0], [0.0, 3.0, 0.0]]))
        array([  0.,  90., 180.])
    """
    along = v @ M / np.linalg.norm(v)
    across = M - np.outer(v / np.linalg.norm(v), along)
    return np.degrees(np.arctan2(row_norms(across.T), along))
