"""What follows from a stage's settings, resolved once and handed down.

Settings are what stages.toml says (`stacks.settings`); a `StagePlan` is what that means: names,
mode, variants with their instance types. Checks, stacks, monitoring and promotion read it alone.
"""

from stacks.modes import MODES, Mode
from stacks.stage_plan.names import StageNames
from stacks.stage_plan.plan import StagePlan, stage_plans
from stacks.stage_plan.variants import VariantPlan

__all__ = ["MODES", "Mode", "StageNames", "StagePlan", "VariantPlan", "stage_plans"]
