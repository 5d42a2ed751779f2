"""The whole config: one model, the sections of a run in the order in which they act."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from appliednn.pipeline.config._base import Count, Positive, Section, Text
from appliednn.pipeline.config._data import (
    DataConfig,
    MissingConfig,
    ModelMissing,
    RandomSplit,
    SplitConfig,
    StratifiedSplit,
)
from appliednn.pipeline.config._decision import (
    CalibrationConfig,
    DefaultThreshold,
    ImbalanceConfig,
    NoCalibration,
    NoImbalance,
    NoSearch,
    SearchConfig,
    ThresholdConfig,
)
from appliednn.pipeline.config._metrics import FAIRNESS, TASKS
from appliednn.pipeline.config._models import ModelConfig
from appliednn.pipeline.registry._entries import ESTIMATORS

Baseline = Literal[tuple(n for n, e in ESTIMATORS.items() if e.module.startswith("sklearn."))]
FairnessMetric = Literal[(*FAIRNESS["classification"], *FAIRNESS["regression"])]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]


class RobustnessConfig(Section):
    """Noise, attacks and missing-data stress on held-out rows; injected anomalies."""

    enabled: bool = Field(True, description="Run this part of the audit.")
    eps: list[Positive] = Field(
        [0.05, 0.1, 0.2],
        min_length=1,
        description="Sizes of the attack, in units of each number's robust scale.",
    )
    max_rows: Count = Field(500, description="Rows attacked.")


class ExplainConfig(Section):
    """Explanations, and tests of the explanations."""

    enabled: bool = Field(True, description="Run this part of the audit.")
    max_rows: Count = Field(200, description="Rows explained.")


class FairnessConfig(Section):
    """Differences between groups of the sensitive attributes."""

    enabled: bool = Field(True, description="Run this part of the audit.")
    metric: FairnessMetric = Field(
        "equal_opportunity_difference", description="The one you answer for."
    )
    tolerance: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.1, description="A difference surely above this is a severe finding."
    )
    reason: str | None = Field(None, description="Why this metric fits the use; printed.")
    min_group_size: Count = Field(30, description="Smaller groups are shown, not judged.")


class AnomaliesConfig(Section):
    """What happens to training rows that the target marks as anomalies."""

    train: Literal["keep", "drop"] = Field(
        "keep",
        description="keep: the detector is fitted on all training rows and sees no label; drop: "
        "on those that are not marked.",
    )


class GateConfig(Section):
    """A condition the model must meet."""

    metric: Text = Field(description="Key of an estimate, such as roc_auc or ece.")
    op: Literal[">=", "<="] = Field(description="Which side passes.")
    threshold: float = Field(description="The bound.")
    inconclusive: Literal["warn", "fail"] = Field(
        "warn", description="What it means when the interval straddles the bound."
    )


class ReportConfig(Section):
    """Where the run writes, and what only you know about the model."""

    dir: Text = Field("reports", description="Folder of run folders, relative to this config.")
    title: str | None = Field(None, description="Heading of the report.")
    intended_use: str | None = Field(None, description="Who uses it for what; printed.")
    owner: str | None = Field(None, description="Who answers for it; printed.")


def _split_for(data: dict[str, Any]) -> RandomSplit | StratifiedSplit:
    task, rows = data.get("task"), data.get("data")
    labelled = rows is not None and rows.target is not None
    if task in ("classification", "text-classification") or (task == "anomaly" and labelled):
        return StratifiedSplit(type="stratified")
    return RandomSplit(type="random")


class RunConfig(Section):
    """One run: data, model, audit and gates."""

    version: Literal[1] = Field(description="Version of this format.")
    name: Name = Field(description="Name of the run; its folder starts with it.")
    task: Literal[TASKS] = Field(description="What is predicted, and from what.")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="Root of every seed.")
    data: DataConfig = Field(description="Rows, target and audited attributes.")
    split: SplitConfig = Field(
        default_factory=_split_for,
        description="Which rows are held out; default: stratified for classes and for marked "
        "anomalies, else random.",
    )
    missing: MissingConfig = Field(
        ModelMissing(type="model"), description="What happens to missing values."
    )
    imbalance: ImbalanceConfig = Field(
        NoImbalance(type="none"), description="What happens to rare classes."
    )
    anomalies: AnomaliesConfig = Field(
        AnomaliesConfig(), description="Marked anomalies among the training rows."
    )
    model: ModelConfig = Field(description="The estimator and its parameters.")
    baselines: list[Baseline] = Field([], description="scikit-learn estimators to stand beside.")
    search: SearchConfig = Field(NoSearch(type="none"), description="Parameters to search.")
    calibration: CalibrationConfig = Field(
        NoCalibration(type="none"), description="How probabilities are corrected."
    )
    threshold: ThresholdConfig = Field(
        DefaultThreshold(type="default"), description="From which probability on it is positive."
    )
    robustness: RobustnessConfig = Field(RobustnessConfig(), description="Noise and attacks.")
    explain: ExplainConfig = Field(ExplainConfig(), description="Explanations and their tests.")
    fairness: FairnessConfig = Field(FairnessConfig(), description="Differences between groups.")
    gates: list[GateConfig] = Field(
        [], description="Conditions to meet; without any, the audit's default gates apply."
    )
    report: ReportConfig = Field(ReportConfig(), description="Where the run writes.")

    @property
    def kind(self) -> str:
        """What is predicted, whatever from: classification, regression, anomaly or tagging."""
        return self.task.removeprefix("text-")

    @property
    def reads(self) -> str:
        """What the model reads: a table, the texts of one column, or lists of tokens."""
        if self.task == "tagging":
            return "tokens"
        return "text" if self.task.startswith("text-") else "table"
