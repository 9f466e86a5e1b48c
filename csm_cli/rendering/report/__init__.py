"""The report of a rendering: `report.json` for programs, `report.html` for a person who listens."""

from csm_cli.rendering.report.writer import ReportWriter

__all__ = ["ReportWriter"]
