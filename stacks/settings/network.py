"""Where instances reach, and what may be lost."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.values import SecurityGroupId, SubnetId, Table, VpcId


class NetworkSettings(Table):
    """`[<stage>.network]`. With neither a VPC of yours nor a new one, SageMaker's own is used."""

    isolation: Annotated[
        bool, Field(description="no network at all for the container (SageMaker loads its model)")
    ] = True
    vpc_id: Annotated[VpcId | None, Field(description="an existing VPC")] = None
    subnet_ids: Annotated[
        tuple[SubnetId, ...], Field(strict=False, max_length=16, description="subnets of `vpc_id`")
    ] = ()
    security_group_ids: Annotated[
        tuple[SecurityGroupId, ...],
        Field(
            strict=False,
            max_length=5,
            description="security groups of `vpc_id`; unset: a new one that lets nothing in",
        ),
    ] = ()
    new_vpc: Annotated[
        bool,
        Field(
            description="create a VPC that has the VPC endpoints that hosting needs and no "
            "internet access"
        ),
    ] = False
    cidr: Annotated[str, Field(description="CIDR block of the new VPC")] = "10.42.0.0/20"


class DataSettings(Table):
    """`[<stage>.data]`. Both keys are needed before a stage's data can be deleted."""

    removal_policy: Annotated[
        Literal["retain", "destroy"],
        Field(description="removal policy of the key, the buckets and the topics"),
    ] = "retain"
    delete_data: Annotated[
        bool,
        Field(
            description='a second confirmation: with "destroy", deleting the stack deletes the data'
        ),
    ] = False

    @property
    def may_be_deleted(self) -> bool:
        """Whether both keys say so."""
        return self.removal_policy == "destroy" and self.delete_data
