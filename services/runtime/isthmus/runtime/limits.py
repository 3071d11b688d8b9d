"""How often somebody may ask: token buckets in the memory of this process."""

import math
from collections import OrderedDict
from dataclasses import dataclass

BUCKETS_MAX = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Ration:
    """What a token bucket says to one more request."""

    left: float
    wait_s: float
    """Seconds until there is one again; 0 when this one may pass."""
    full_s: float
    """Seconds until the bucket is full."""
    refused: int
    """Refused since the bucket was last full."""


class Limit:
    """Token buckets by key; beyond ten thousand the one that rested longest is forgotten."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, now_s: float) -> Ration:
        """Take one from the bucket of `key`, if there is one."""
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now_s))
        self._buckets.move_to_end(key)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        gained = (now_s - bucket.at_s) * self._rate_per_s
        bucket.left, bucket.at_s = min(self._burst, bucket.left + gained), now_s
        if bucket.left >= self._burst:
            bucket.refused = 0
        wait_s = max(0.0, (1 - bucket.left) / self._rate_per_s)
        bucket.left -= not wait_s
        bucket.refused += bool(wait_s)
        full_s = (self._burst - bucket.left) / self._rate_per_s
        return Ration(bucket.left, wait_s, full_s, bucket.refused)

    def headers(self, ration: Ration) -> dict[str, str]:
        """What a client is told (draft-ietf-httpapi-ratelimit-headers-10)."""
        window_s = math.ceil(self._burst / self._rate_per_s)
        return {
            "RateLimit-Policy": f'"requests";q={self._burst};w={window_s}',
            "RateLimit": f'"requests";r={int(ration.left)};t={math.ceil(ration.full_s)}',
        }
