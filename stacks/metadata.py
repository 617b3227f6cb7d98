"""What a serving stack says of its stage in its template's metadata."""

from stacks.stage_plan import StagePlan


def stage_metadata(plan: StagePlan) -> dict[str, bool | str]:
    """What the endpoint pack's rules want to know and a template does not show."""
    settings = plan.settings
    return {
        "mode": plan.mode.name,
        "production": settings.production,
        "single_instance": settings.single_instance_in_production,
        "network_isolation": settings.network.isolation,
        "guarded": plan.has_guarded_updates,
    }
