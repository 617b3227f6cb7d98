"""Application Auto Scaling of endpoint variants: targets, policies, and their evaluation."""

from localaws.autoscaling.cloudformation import RESOURCES
from localaws.autoscaling.service import ROUTES, SERVICE, handle, shutdown

__all__ = ["RESOURCES", "ROUTES", "SERVICE", "handle", "shutdown"]
