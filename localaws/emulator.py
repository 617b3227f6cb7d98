"""AWS on this machine: MiniStack with our services added.

MiniStack has neither SageMaker nor Application Auto Scaling, and evaluates alarms too simply. Each
service here is a module with `SERVICE`, `ROUTES`, `handle`, `RESOURCES` (CloudFormation's types)
and `shutdown`.

Only the emulator's own process imports this file, after `localaws.serve` has changed the
environment: MiniStack reads that when it is imported.
"""

import asyncio

from localaws import (
    autoscaling,
    bucket_deployment,
    cloudwatch,
    iam,
    registry_login,
    sagemaker,
    validated_resources,
)
from localaws.cloudwatch import stacks
from localaws.guard import guarded
from localaws.home import Hold
from localaws.ministack import server, services, states
from localaws.sagemaker.transform import task

SERVICES = (sagemaker, autoscaling)


def serve(hold: Hold, *, until_stdin_closes: bool) -> None:
    """Serve on the held port until SIGTERM or SIGINT; then stop every program we started.

    With `until_stdin_closes` the death of the process that holds the other end of standard input
    ends this one too.
    """
    for one in SERVICES:
        services.add_service(one.SERVICE, one.ROUTES, one.handle)
        services.add_new_resources(one.RESOURCES)
    services.add_new_resources(stacks.RESOURCES | validated_resources.RESOURCES)
    services.add_resources(bucket_deployment.RESOURCES)
    server.install()
    registry_login.install()
    states.add_sagemaker(task.RESOURCE, task.run)
    if iam.is_enforced():
        iam.install()
    try:
        background = cloudwatch.keep_evaluating()
        asyncio.run(
            server.serve(
                *(hold, guarded, background, _shut_down), until_stdin_closes=until_stdin_closes
            )
        )
    finally:
        _shut_down()


def _shut_down() -> None:
    for one in SERVICES:
        one.shutdown()
