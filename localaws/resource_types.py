"""CloudFormation's resource types, in the form in which MiniStack calls them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from localaws.json_api import AwsError

Created = tuple[str, dict[str, str]]
"""A resource's physical id, and its attributes."""

ResourceType = dict[str, Callable[..., Any]]


def resource_type(
    create: Callable[..., Created], update: Callable[..., Created], delete: Callable[..., None]
) -> ResourceType:
    """The functions of a type; where they raise AwsError, the stack fails with its message.

    They are create(logical id, properties, stack), update(physical id, old properties, new
    properties, stack) and delete(physical id, properties). CloudFormation's schemas say which
    change replaces a resource: `update` is called for the others, which are made in place.
    """
    functions = {"create": create, "update": update, "delete": delete}
    return {name: _failing(function) for name, function in functions.items()}


def _failing(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except AwsError as error:
            raise ValueError(error.message) from error

    return call
