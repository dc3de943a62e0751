"""Sizes of the blocks that families of changes are made of."""

BLOCKS = (2, 4, 8, 16, 32, 64, 128)


def rotating(n: int, most: int) -> tuple[int, int]:
    """Return the largest blocks of n inputs that may be turned, and with how many parameters.

    The side is zero where none may.

    >>> rotating(4096, 8192)
    (4, 6144)
    """
    sizes = {b: n * (b - 1) // 2 for b in (0, *BLOCKS, 256) if not b or n % b == 0}
    return max((b, size) for b, size in sizes.items() if size <= most)


def tiling(m: int, n: int, most: int) -> tuple[int, int]:
    """Return the side f of the first block of a Kronecker product, and how many numbers both have.

    The side is zero where both have too many.

    >>> tiling(4096, 4096, 8192)
    (64, 8192)
    """
    sizes = {f: f * f + m * n // f**2 for f in BLOCKS if m % f == n % f == 0}
    return next(((f, size) for f, size in sizes.items() if size <= most), (0, 0))


def shard(m: int, n: int, most: int) -> int:
    """Return how many columns the widest shard of a weight (m, n) has, 0 where none may be.

    >>> shard(4096, 4096, 16384)
    4
    """
    return max((r for r in range(1, min(n, most // m) + 1) if n % r == 0), default=0)
