"""Figures for the report: small inline SVG, readable on light and dark pages and in print.

Each function returns a :class:`~appliednn.audit._base.Figure` of a few kilobytes with a title, a
description in words and no script. Estimates keep their interval and n.
"""

from appliednn.audit.report._chart_heat import heatmap
from appliednn.audit.report._charts_bar import bar_chart, histogram, interval_chart
from appliednn.audit.report._charts_line import line_chart, reliability_chart
from appliednn.audit.report._format import format_estimate, format_interval, format_number

__all__ = [
    "bar_chart",
    "format_estimate",
    "format_interval",
    "format_number",
    "heatmap",
    "histogram",
    "interval_chart",
    "line_chart",
    "reliability_chart",
]
