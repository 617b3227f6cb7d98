"""What a serving stack says of its stage in its template's metadata."""

from stacks.constructs.deployment_config import has_guardrails
from stacks.settings import StageSettings


def stage_facts(settings: StageSettings) -> dict[str, bool | str]:
    """What the endpoint pack's rules want to know and a template does not show."""
    return {
        "mode": settings.mode,
        "production": settings.production,
        "single_instance": settings.single_instance_in_production,
        "network_isolation": settings.network.isolation,
        "guarded": has_guardrails(settings.mode)
        and (settings.production or settings.update.strategy != "all-at-once"),
    }
