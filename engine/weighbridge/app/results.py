"""What the session's last runs found, for pages that look back at them."""

from __future__ import annotations

from weighbridge.app import jobs
from weighbridge.scenarios import ScenarioRun

SCENARIOS, BATCH, IMPACT = "scenarios", "batch", "impact"
"""Names of jobs."""


def last_scenarios() -> ScenarioRun | None:
    """The last finished run of all scenarios."""
    job = jobs.current(SCENARIOS)
    return job.result if job is not None and isinstance(job.result, ScenarioRun) else None


def busiest_rules(most: int = 8) -> list[tuple[str, int]]:
    """The rules with most findings in the last batch, and how many."""
    return []
