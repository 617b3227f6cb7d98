"""The network of a model that runs in a VPC."""

from constructs import Construct

from stacks.prefix_lists import S3_PREFIX_LISTS
from stacks.settings.network import NetworkSettings
from stacks.stage_plan import StageNames


class PrivateNetwork(Construct):
    """Subnets and security groups: those of the settings, or new ones.

    SageMaker takes the image from ECR, and the container's output to CloudWatch, by ways of its
    own. Through the VPC go the model's archive and the objects of jobs: so S3 is what hosting
    needs, whether the container has a network or not. One that has may call AWS itself; a new VPC
    gives it endpoints for logs and metrics.
    https://docs.aws.amazon.com/sagemaker/latest/dg/host-vpc.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html

    The composer has to make the log groups of a new VPC.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StageNames,
        settings: NetworkSettings,
        region: str,
    ) -> None:
        """A KeyError where a security group is to be made and the region's prefix list unknown."""
        super().__init__(scope, id)
        self.subnet_ids = list(settings.subnet_ids)
        self.security_group_ids = list(settings.security_group_ids)
        if settings.new_vpc:
            # aws_ec2 takes 0.2 s to import, and few stages have a VPC.
            from stacks.constructs.isolated_vpc import IsolatedVpc  # noqa: PLC0415

            vpc = IsolatedVpc(self, "Vpc", names=names, cidr=settings.cidr, region=region)
            self.subnet_ids = vpc.subnet_ids
            reachable = None if settings.isolation else settings.cidr
            group = self._hosting_group(vpc.vpc_id, region, reachable)
            if not settings.isolation:
                vpc.add_interface_endpoints(client_group=group)
            self.security_group_ids = [group]
        elif settings.vpc_id and not settings.security_group_ids:
            self.security_group_ids = [self._hosting_group(settings.vpc_id, region, None)]

    def _hosting_group(self, vpc_id: str, region: str, endpoints_cidr: str | None) -> str:
        """Nothing in; out to S3 by HTTPS, and to a new VPC's own endpoints where it has some.

        The prefix list holds S3's addresses, so the rule fits a gateway endpoint and a NAT alike.
        """
        from aws_cdk import aws_ec2 as ec2  # noqa: PLC0415 - as above

        to_s3 = ec2.CfnSecurityGroup.EgressProperty(
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            destination_prefix_list_id=S3_PREFIX_LISTS[region],
            description="HTTPS to S3",
        )
        to_endpoints = ec2.CfnSecurityGroup.EgressProperty(
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ip=endpoints_cidr,
            description="HTTPS to the endpoints of this VPC",
        )
        group = ec2.CfnSecurityGroup(
            self,
            "HostingGroup",
            group_description="Model instances: nothing in, out to AWS endpoints by HTTPS",
            vpc_id=vpc_id,
            security_group_ingress=[],
            security_group_egress=[to_s3, to_endpoints] if endpoints_cidr else [to_s3],
        )
        return group.attr_group_id
