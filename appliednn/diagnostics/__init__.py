"""Training health and decision thresholds."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Curves": "._curves",
        "FitGap": "._fit",
        "LayerHealth": "._layers",
        "ThresholdChoice": "._threshold",
        "ThresholdClassifier": "._threshold",
        "TrainingHealth": "._training",
        "choose_threshold": "._threshold",
        "fit_gap": "._fit",
        "layer_health": "._layers",
        "read_curves": "._curves",
        "row_losses": "._fit",
        "training_health": "._training",
    },
)
