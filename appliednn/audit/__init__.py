"""The audit: checks, findings, gates, verdict, report."""
