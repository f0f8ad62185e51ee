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
