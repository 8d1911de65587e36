"""A histogram that observes many values at once, in time that depends on its buckets alone."""

import numpy as np
from prometheus_client import Histogram

from service.network import FloatArray

__all__ = ["BulkHistogram"]


class BulkHistogram(Histogram):
    """Is prometheus-client's histogram with one more way to observe."""

    def observe_all(self, values: FloatArray) -> None:
        """Observe each of the values, (n,), as observe does one."""
        places, counts = np.unique(np.searchsorted(self._upper_bounds, values), return_counts=True)
        for place, count in zip(places.tolist(), counts.tolist(), strict=True):
            self._buckets[place].inc(count)  # each bucket holds its own count; their sum is made when read
        self._sum.inc(float(values.sum(dtype=np.float64)))
