"""Series: reading them, their period, windows, scales, and the layers that run over time."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ChannelScaler": "._scaling",
        "Series": "._input",
        "as_series": "._input",
        "causal_convolutions": "._layers",
        "dilations_for": "._layers",
        "dominant_period": "._period",
        "fill_forward": "._windows",
        "many_series": "._input",
        "receptive_field": "._layers",
        "recurrent_layers": "._layers",
        "temporal_blocks": "._layers",
        "window_starts": "._windows",
        "windows": "._windows",
    },
)
