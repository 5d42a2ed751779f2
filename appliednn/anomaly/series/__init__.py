"""Anomaly detectors for series: one score for each time point."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ForecastDetector": "._forecast",
        "Segment": "._segments",
        "SequenceAutoencoderDetector": "._sequence_autoencoder",
        "WindowedPCADetector": "._windowed_pca",
    },
)
