"""How long to wait before trying again."""

import random

DOUBLINGS_MAX = 20  # 2 ** 20 is far beyond any ceiling, and 2 ** 2000 is no float


def full_jitter_s(failures: int, *, initial_s: float, max_s: float) -> float:
    """Seconds to wait after `failures` in a row: exponential with full jitter.

    Full jitter spreads those who fail together best (Brooker, Exponential Backoff and Jitter).
    """
    ceiling = initial_s * 2.0 ** min(failures, DOUBLINGS_MAX)
    return random.uniform(0, min(max_s, ceiling))
