"""Anomaly detectors for tables and series, with scikit-learn's contract for outliers."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AutoencoderDetector": "._autoencoder",
        "DeepSADDetector": "._deep_sad",
        "DeepSVDDDetector": "._deep_svdd",
        "DetectorEnsemble": "._ensemble",
        "DetectorMixin": "._contract",
        "ForecastDetector": ".series",
        "GANDetector": "._gan",
        "SequenceAutoencoderDetector": ".series",
        "TransferDetector": "._transfer",
        "VAEDetector": "._vae",
        "WindowedPCADetector": ".series",
    },
)
