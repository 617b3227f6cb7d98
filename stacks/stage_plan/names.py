"""The names of a stage's things in AWS."""

from dataclasses import dataclass

# All transform jobs of an account log to one group, which is not a stage's to make.
TRANSFORM_JOB_LOGS = "/aws/sagemaker/TransformJobs"


@dataclass(frozen=True)
class StageNames:
    """Every name begins with `<project>-<stage>`, which is the endpoint's."""

    project: str
    stage: str

    @property
    def endpoint(self) -> str:
        """The endpoint, its dashboard, and the first part of every other name."""
        return f"{self.project}-{self.stage}"

    @property
    def component(self) -> str:
        """The inference component, where the mode has one."""
        return self.endpoint

    @property
    def profile(self) -> str:
        """The AWS profile that is taken for the stage's account where none is named."""
        return self.endpoint

    def stack(self, purpose: str) -> str:
        """A CloudFormation stack of the stage; `*` for any of them."""
        return f"{self.endpoint}-{purpose}"

    @property
    def storage_stack(self) -> str:
        """The stack of what outlives deployments."""
        return self.stack("storage")

    @property
    def serving_stack(self) -> str:
        """The stack of what a deployment replaces."""
        return self.stack("serving")

    @property
    def monitoring_stack(self) -> str:
        """The stack of alarms, dashboard and log queries."""
        return self.stack("monitoring")

    @property
    def pipeline_roles_stack(self) -> str:
        """The stack of the roles that GitHub's jobs assume."""
        return self.stack("pipeline-roles")

    def job_role(self, purpose: str) -> str:
        """The role of a GitHub job; no longer than the 64 characters that IAM takes."""
        return f"{self.endpoint}-{purpose}"

    @property
    def signing_key(self) -> str:
        """The alias of the key that signs the stage's releases."""
        return f"alias/{self.endpoint}-releases"

    @property
    def endpoint_logs(self) -> str:
        """The log group that SageMaker gives an endpoint's containers."""
        return f"/aws/sagemaker/Endpoints/{self.endpoint}"

    @property
    def component_logs(self) -> str:
        """The log group that SageMaker gives the containers of inference components."""
        return f"/aws/sagemaker/InferenceComponents/{self.endpoint}"

    @property
    def archives_logs(self) -> str:
        """The log group of the function that copies a multi-model stage's archives."""
        return f"/aws/lambda/{self.endpoint}-model-archives"

    @property
    def default_group_logs(self) -> str:
        """The log group of the function that closes a new VPC's default security group."""
        return f"/aws/lambda/{self.endpoint}-default-group"

    @property
    def flow_logs(self) -> str:
        """The log group of a new VPC's flow log."""
        return f"/aws/vpc/{self.endpoint}"

    @property
    def state_machine(self) -> str:
        """The state machine that runs a batch stage's transform jobs."""
        return f"{self.endpoint}-batch"

    @property
    def state_machine_logs(self) -> str:
        """The log group of that state machine."""
        return f"/aws/vendedlogs/states/{self.state_machine}"

    @property
    def transform_jobs(self) -> str:
        """What the name of every transform job begins with."""
        return f"{self.endpoint}-"

    def alarm(self, name: str) -> str:
        """An alarm of the stage."""
        return f"{self.endpoint}-{name}"

    def saved_query(self, name: str) -> str:
        """A query of CloudWatch Logs Insights, in a folder of the endpoint's name."""
        return f"{self.endpoint}/{name}"

    @property
    def metric_namespace(self) -> str:
        """The namespace of the metrics that are made of what the containers log."""
        return f"Berth/{self.endpoint}"
