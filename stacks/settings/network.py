"""Where instances reach, and what may be lost."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.values import Array, SecurityGroupId, SubnetId, Table, VpcId


class NetworkSettings(Table):
    """`[<stage>.network]`. With neither a VPC of yours nor a new one, SageMaker's own is used."""

    isolation: bool = True
    """no network at all for the container (SageMaker loads its model)"""
    vpc_id: VpcId | None = None
    """an existing VPC"""
    subnet_ids: Annotated[Array[SubnetId], Field(max_length=16)] = ()
    """subnets of `vpc_id`"""
    security_group_ids: Annotated[Array[SecurityGroupId], Field(max_length=5)] = ()
    """security groups of `vpc_id`; unset: a new one that lets nothing in"""
    new_vpc: bool = False
    """create a VPC that has the VPC endpoints that hosting needs and no internet access"""
    cidr: str = "10.42.0.0/20"
    """CIDR block of the new VPC"""


class DataSettings(Table):
    """`[<stage>.data]`. Both keys are needed before a stage's data can be deleted."""

    removal_policy: Literal["retain", "destroy"] = "retain"
    """removal policy of the key, the buckets, the topics and the log groups"""
    delete_data: bool = False
    """a second confirmation: with "destroy", deleting the stack deletes the data"""

    @property
    def may_be_deleted(self) -> bool:
        """Whether both keys say so."""
        return self.removal_policy == "destroy" and self.delete_data
