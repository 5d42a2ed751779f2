"""Robustness: noise, missing features, adversarial attacks in the encoded space."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AdversarialResult": "._adversarial",
        "ArtClassifier": "._art",
        "AttackSettings": "._adversarial",
        "DeployedScore": "._deployed",
        "EncodedView": "._encoded",
        "RawBox": "._blackbox",
        "RowMetric": "._row_metric",
        "SanityCheck": "._sanity",
        "StressCurve": "._curves",
        "accepts_missing": "._noise",
        "add_noise": "._noise",
        "adversarial_curves": "._adversarial",
        "attack_score": "._attacks",
        "blackbox_search": "._blackbox",
        "boundary_distance": "._blackbox",
        "corner_search": "._search",
        "deployed_score": "._deployed",
        "encoded_view": "._encoded",
        "fgsm": "._attacks",
        "fill_values": "._noise",
        "gradient_checks": "._sanity",
        "knock_out": "._noise",
        "make_art_classifier": "._art",
        "mask_at_random": "._noise",
        "missing_curve": "._curves",
        "missing_features": "._curves",
        "noise_curve": "._curves",
        "pgd": "._attacks",
        "random_search": "._attacks",
        "robust_scale": "._noise",
    },
)
