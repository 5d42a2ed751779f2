"""The audit: checks, findings, gates, verdict, report."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "audit": "._audit",
        "audit_agent": "._agent",
        "AuditReport": "._report",
        "AgentContext": "._agent_context",
        "AuditContext": "._context",
        "Check": "._base",
        "CheckResult": "._base",
        "Figure": "._base",
        "Finding": "._base",
        "Gate": "._gates",
        "GateResult": "._gates",
        "NotApplicable": "._base",
        "Table": "._base",
        "Verdict": "._verdict",
        "default_gates": "._default_gates",
        "diff_reports": "._diff",
        "report_schema": ".report._schema",
    },
)
