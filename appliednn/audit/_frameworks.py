"""What three documentation frameworks ask for, and which evidence or words can answer it.

Sources: M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019; Regulation (EU)
2024/1689 (AI Act), Annex IV; NIST AI 100-1 (AI RMF 1.0), MEASURE 2. The items are summarised in
our words; the texts themselves are what binds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One thing a framework asks for.

    Attributes
    ----------
    framework : str
        Its name.
    item : str
        Number or name within it.
    asks : str
        What is asked, in short.
    sections : tuple of str
        Sections of the report that are evidence for it; ``"provenance"`` and ``"gates"`` count.
    card : tuple of str
        Keys of the owner's words that answer it.
    partly : str
        What the evidence leaves open.
    """

    framework: str
    item: str
    asks: str
    sections: tuple[str, ...] = ()
    card: tuple[str, ...] = ()
    partly: str = ""


CARDS = "Model Cards"
ANNEX = "EU AI Act, Annex IV"
NIST = "NIST AI RMF, MEASURE 2"

#: Keys of the owner's words, and how the report calls them.
CARD_KEYS: dict[str, str] = {
    "title": "Title of this report",
    "owner": "Owner",
    "contact": "Contact",
    "version": "Model version",
    "licence": "Licence",
    "citation": "Papers and citation",
    "intended_use": "Intended use",
    "users": "Intended users",
    "out_of_scope": "Uses out of scope",
    "factors": "Relevant factors",
    "metrics_reason": "Why these metrics",
    "training_data": "Training data",
    "evaluation_data": "Evaluation data",
    "ethical_considerations": "Ethical considerations",
    "caveats": "Caveats and recommendations",
    "system_context": "Other systems and interfaces",
    "instructions": "Instructions for use",
    "design_choices": "Design choices and trade-offs",
    "human_oversight": "Human oversight",
    "planned_changes": "Changes planned in advance",
    "cybersecurity": "Cybersecurity",
    "risk_management": "Risk management",
    "standards": "Standards applied",
    "conformity": "Declaration of conformity",
    "monitoring_plan": "Monitoring after release",
    "human_subjects": "Human subjects",
    "privacy": "Privacy",
    "environment": "Environmental impact",
    "sign_off": "Sign-off: name, role and date",
}

_TESTS = (
    "performance",
    "detection",
    "baselines",
    "calibration",
    "slices",
    "robustness",
    "fairness",
    "text",
    "tagging",
)

ITEMS: tuple[Item, ...] = (
    Item(
        CARDS,
        "Model details",
        "Who built it, when, which version, licence, contact",
        ("provenance",),
        ("owner", "version", "licence", "contact", "citation"),
        "class, hashes and versions only",
    ),
    Item(
        CARDS,
        "Intended use",
        "Purpose, users, uses out of scope",
        (),
        ("intended_use", "users", "out_of_scope"),
    ),
    Item(
        CARDS,
        "Factors",
        "Groups, instruments and surroundings that matter",
        ("fairness",),
        ("factors",),
        "the attributes that were given",
    ),
    Item(
        CARDS,
        "Metrics",
        "Measures, decision thresholds, how variation is estimated",
        ("performance", "detection", "tagging", "threshold", "gates"),
        ("metrics_reason",),
        "the measures and intervals, not why these were chosen",
    ),
    Item(
        CARDS,
        "Evaluation data",
        "Data sets, motivation, preprocessing",
        ("data", "text", "provenance"),
        ("evaluation_data",),
        "schema, hashes and defects only",
    ),
    Item(
        CARDS, "Training data", "The same for what the model was fitted on", (), ("training_data",)
    ),
    Item(
        CARDS,
        "Quantitative analyses",
        "Results by group and by intersection",
        ("fairness", "slices"),
    ),
    Item(
        CARDS,
        "Ethical considerations",
        "Sensitive data, harms, mitigations",
        (),
        ("ethical_considerations",),
    ),
    Item(CARDS, "Caveats", "What remains open, recommendations", (), ("caveats",)),
    Item(
        ANNEX,
        "1 General description",
        "Purpose, provider, versions, hardware, interfaces, instructions",
        ("provenance",),
        ("intended_use", "owner", "version", "system_context", "instructions"),
        "software versions (1c) and part of the hardware (1e)",
    ),
    Item(
        ANNEX,
        "2 Development",
        "Methods, design, data, oversight, validation with dated and "
        "signed test reports, cybersecurity",
        ("data", *_TESTS),
        (
            "design_choices",
            "training_data",
            "human_oversight",
            "planned_changes",
            "cybersecurity",
            "sign_off",
        ),
        "2c in part, 2d in part and the tests of 2g; they need a dated signature",
    ),
    Item(
        ANNEX,
        "3 Monitoring and control",
        "Capabilities and limits, accuracy for groups and overall, foreseeable outcomes",
        ("performance", "detection", "tagging", "fairness"),
        ("caveats", "human_oversight"),
        "accuracy overall and per group",
    ),
    Item(
        ANNEX,
        "4 Choice of metrics",
        "Why the metrics suit the system",
        ("gates",),
        ("metrics_reason",),
        "the metrics and gates, not their reason",
    ),
    Item(ANNEX, "5 Risk management", "The system of Article 9", (), ("risk_management",)),
    Item(ANNEX, "6 Changes over the lifecycle", "What was changed", (), ("planned_changes",)),
    Item(ANNEX, "7 Standards", "Standards applied in full or in part", (), ("standards",)),
    Item(ANNEX, "8 Declaration of conformity", "A copy of the declaration", (), ("conformity",)),
    Item(ANNEX, "9 After the market", "Plan of Article 72", (), ("monitoring_plan",)),
    Item(
        NIST,
        "2.1",
        "Test sets, metrics and tools are documented",
        ("performance", "detection", "tagging", "provenance"),
    ),
    Item(
        NIST, "2.2", "Evaluations with human subjects meet requirements", (), ("human_subjects",)
    ),
    Item(
        NIST,
        "2.3",
        "Performance in conditions like those of deployment",
        ("performance", "detection", "tagging", "slices"),
        ("evaluation_data",),
        "the data given; whether they are like deployment is for the owner to say",
    ),
    Item(NIST, "2.4", "Behaviour is monitored in production", (), ("monitoring_plan",)),
    Item(
        NIST,
        "2.5",
        "Valid and reliable, limits of generalisation documented",
        ("performance", "detection", "tagging", "baselines", "calibration"),
    ),
    Item(NIST, "2.6", "Safety risks are evaluated", (), ("risk_management",)),
    Item(
        NIST,
        "2.7",
        "Security and resilience",
        ("robustness", "missing", "text", "tagging"),
        ("cybersecurity",),
        "resilience to noise, attacks on inputs and missing values",
    ),
    Item(NIST, "2.8", "Transparency and accountability", (), ("owner", "human_oversight")),
    Item(NIST, "2.9", "The model is explained and validated", ("explanations", "text")),
    Item(NIST, "2.10", "Privacy risk", (), ("privacy",)),
    Item(NIST, "2.11", "Fairness and bias", ("fairness", "text")),
    Item(
        NIST,
        "2.12",
        "Environmental impact",
        ("resources",),
        ("environment",),
        "size and latency only",
    ),
    Item(
        NIST,
        "2.13",
        "The measurement itself is judged",
        ("explanations", "text"),
        (),
        "tests of the explanations; robustness attacks are checked against each other",
    ),
)
