"""The series of ``anomaly_series.py``: NAB, its protocols, the period of a series.

The series lie in ``<root>/ts_anomaly/nab.csv.gz``, columns series, timestamp, value, label (1
inside NAB's windows); the environment variable ``APPLIEDNN_BENCH_DATA`` names the root (default:
``../shared/data`` beside the repository).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _options import chosen
from _tabular_sets import data_root

PROTOCOLS = {
    "contaminated": "fitted on the whole series, judged on the whole series",
    "clean": "fitted on the first 80 % of the points before the first labelled window, judged on "
    "all later points; only series whose first window starts after 15 % of the points",
}
LEAST_CLEAN_SHARE = 0.15
# The rest of the clean part is judged: some series end within their first window.
FITTED_SHARE = 0.8
# On these our defaults were chosen; the report gives the others apart.
DEVELOPMENT = (
    "artificialWithAnomaly/art_daily_jumpsdown",
    "artificialWithAnomaly/art_load_balancer_spikes",
    "realAWSCloudwatch/ec2_cpu_utilization_77c1ca",
    "realAWSCloudwatch/ec2_disk_write_bytes_1ef3de",
    "realAWSCloudwatch/elb_request_count_8c0756",
    "realAWSCloudwatch/rds_cpu_utilization_e47b3b",
    "realAdExchange/exchange-3_cpm_results",
    "realKnownCause/cpu_utilization_asg_misconfiguration",
    "realKnownCause/rogue_agent_key_hold",
    "realTraffic/occupancy_6005",
    "realTraffic/speed_t4013",
    "realTweets/Twitter_volume_CVS",
)
# TSB-AD's rule for the largest buffer of VUS (find_length_rank, 1.5).
_LAGS, _FIRST_LAG, _LONGEST_PERIOD, _NO_PERIOD = 400, 3, 300, 125


@dataclass(frozen=True)
class LabelledSeries:
    """A series, values and labels of shape (n,), and where its first labelled window starts."""

    name: str
    values: np.ndarray
    labels: np.ndarray

    @property
    def first(self) -> int:
        """The first labelled point."""
        return int(np.argmax(self.labels))

    def has(self, protocol: str) -> bool:
        """Return whether the series takes part in a protocol."""
        return protocol != "clean" or self.first >= LEAST_CLEAN_SHARE * len(self.labels)

    def split(self, protocol: str) -> tuple[np.ndarray, int]:
        """Return the values to fit on, and from which point on scores are judged."""
        if protocol == "clean":
            stop = int(FITTED_SHARE * self.first)
            return self.values[:stop], stop
        return self.values, 0


def load() -> dict[str, LabelledSeries]:
    """Return the series with at least one labelled window, by name."""
    import pandas as pd

    path = data_root() / "ts_anomaly" / "nab.csv.gz"
    if not path.exists():
        raise SystemExit(
            f"{path} is not there; set APPLIEDNN_BENCH_DATA to the folder that holds "
            "ts_anomaly/nab.csv.gz (source: github.com/numenta/NAB, data and combined_windows)"
        )
    found = {}
    for name, part in pd.read_csv(path).groupby("series", sort=False):
        labels = part["label"].to_numpy() == 1
        if labels.any():
            name = name.removesuffix(".csv")
            found[name] = LabelledSeries(name, part["value"].to_numpy(dtype=float), labels)
    return found


def chosen_series(words: list[str], series: dict[str, LabelledSeries]) -> list[str]:
    """Return names of series for names, folders of NAB, "development", "held_out" or "all"."""
    held_out = [name for name in series if name not in DEVELOPMENT]
    groups = {"all": list(series), "development": list(DEVELOPMENT), "held_out": held_out}
    for name in series:
        groups.setdefault(name.split("/")[0], []).append(name)
    return chosen("--series", words, groups)


def period(values: np.ndarray) -> int:
    """Return the lag of the highest local maximum of the autocorrelation, by TSB-AD's rule.

    >>> period(np.sin(2 * np.pi * np.arange(1000) / 40))
    40
    >>> period(np.ones(1000))
    125
    """
    values = values[:20_000] - values[:20_000].mean()
    n = len(values)
    spectrum = np.abs(np.fft.rfft(values, 2 * n)) ** 2
    correlation = np.fft.irfft(spectrum)[_FIRST_LAG : min(_LAGS + 1, n)]
    inner = correlation[1:-1]
    peaks = 1 + np.flatnonzero((inner > correlation[:-2]) & (inner > correlation[2:]))
    if not len(peaks):
        return _NO_PERIOD
    highest = int(peaks[np.argmax(correlation[peaks])])
    return highest + _FIRST_LAG if 3 <= highest <= _LONGEST_PERIOD else _NO_PERIOD
