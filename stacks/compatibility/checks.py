"""Every check, and what they find in a stages.toml."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from stacks.compatibility import (
    gpu,
    keeping,
    modes,
    names,
    network,
    offers,
    records,
    scaling,
    sizes,
    updates,
    uploads,
)
from stacks.compatibility.checked import CheckedStage
from stacks.compatibility.findings import Finding, IncompatibleError
from stacks.compatibility.model_folder import ModelFolder
from stacks.compatibility.versions import exact_versions
from stacks.instance_types import UnknownInstanceTypeError
from stacks.settings import Settings
from stacks.stage_plan import stage_plans

Check = Callable[[CheckedStage], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    offers.image_runs_on_the_instance_type,
    offers.instance_type_is_offered_in_the_region,
    offers.components_are_offered_in_the_region,
    offers.transform_job_takes_the_instance_type,
    gpu.gpu_runs_the_images_cuda,
    gpu.one_ami_serves_all_instance_types,
    gpu.batch_driver_runs_the_images_cuda,
    gpu.torch_is_built_for_the_images_cuda,
    gpu.serverless_image_needs_no_cuda,
    records.records_files_agree,
    records.recorded_versions_are_pinned,
    records.requirements_agree_with_the_server,
    sizes.volume_can_be_sized,
    sizes.model_fits_the_disk,
    sizes.large_model_names_its_volume,
    sizes.model_fits_the_gpu,
    sizes.model_fits_the_memory,
    sizes.model_fits_serverless,
    sizes.copies_fit_the_instance,
    sizes.model_arrives_in_time,
    uploads.objects_fit_into_s3,
    uploads.archives_fit_the_volume,
    uploads.archives_fit_the_copying_function,
    modes.network_and_capture_fit_the_mode,
    modes.isolation_fits_the_mode,
    modes.instance_types_fit_the_mode,
    modes.form_fits_the_mode,
    modes.s3_form_names_its_archive,
    modes.s3_form_has_one_model,
    modes.shadow_has_one_variant_beside_it,
    modes.variants_fit_the_mode,
    modes.archives_can_be_uploaded,
    modes.one_instance_type_for_a_transform_job,
    modes.lines_are_text,
    modes.tables_have_an_effect,
    scaling.targets_are_published,
    scaling.something_moves_the_capacity,
    scaling.steps_have_a_target,
    scaling.capacity_reaches_zero_only_where_it_can,
    scaling.provisioned_concurrency_can_scale,
    scaling.schedule_has_scaling,
    updates.strategy_fits_the_mode,
    updates.rolling_has_one_variant,
    updates.there_is_something_to_split,
    updates.rollback_alarms_are_ten_at_most,
    updates.timeout_is_longer_than_the_waits,
    updates.production_survives_an_instance,
    updates.production_updates_in_steps,
    network.vpc_and_its_subnets_go_together,
    network.new_vpc_is_large_enough,
    network.subnets_stand_in_two_zones,
    network.region_has_a_known_prefix_list,
    keeping.production_has_a_subscriber,
    keeping.drift_has_labels,
    keeping.deleting_data_takes_two_keys,
    names.names_are_short_enough,
)


def findings(settings: Settings, models: Mapping[str, ModelFolder]) -> dict[Check, list[Finding]]:
    """What every check finds, in all stages; `models` as `read_models` gives them."""
    pins = _server_pins()
    stages = [CheckedStage(plan, models, pins) for plan in stage_plans(settings).values()]
    try:
        return {
            check: [finding for stage in stages for finding in check(stage)] for check in CHECKS
        }
    except UnknownInstanceTypeError as error:
        raise IncompatibleError(str(error)) from None


def check(settings: Settings, models: Mapping[str, ModelFolder]) -> list[str]:
    """Refuse what cannot work, and list what is unwise, a line each.

    Raises:
        IncompatibleError: with one line a refusal.
    """
    found = [finding for several in findings(settings, models).values() for finding in several]
    if refusals := lines(found, "refusal"):
        raise IncompatibleError("\n".join(refusals))
    return lines(found, "warning")


def lines(found: Iterable[Finding], severity: str) -> list[str]:
    """The findings of one severity, a line each.

    What lies in a model is found in every stage that has it, and told once.
    """
    return list(dict.fromkeys(str(one) for one in found if one.severity == severity))


@cache
def _server_pins() -> dict[str, str]:
    requirements = Path(__file__).parents[2] / "container" / "requirements.in"
    return exact_versions(requirements.read_text(encoding="utf-8").splitlines())
