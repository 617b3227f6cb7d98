"""The prefix lists of S3, by region: AWS's own addresses of S3, as a security group can name them.

Their ids never change, CloudFormation offers no way to ask for them, and AWS has no page of them.
These are as several published templates have them alike; this says what the region really has:

    aws ec2 describe-managed-prefix-lists --region REGION \
        --filters Name=prefix-list-name,Values=com.amazonaws.REGION.s3
"""

S3_PREFIX_LISTS = {
    "ap-northeast-1": "pl-61a54008",
    "ap-northeast-2": "pl-78a54011",
    "ap-northeast-3": "pl-a4a540cd",
    "ap-south-1": "pl-78a54011",
    "ap-southeast-1": "pl-6fa54006",
    "ap-southeast-2": "pl-6ca54005",
    "ca-central-1": "pl-7da54014",
    "eu-central-1": "pl-6ea54007",
    "eu-north-1": "pl-c3aa4faa",
    "eu-west-1": "pl-6da54004",
    "eu-west-2": "pl-7ca54015",
    "eu-west-3": "pl-23ad484a",
    "sa-east-1": "pl-6aa54003",
    "us-east-1": "pl-63a5400a",
    "us-east-2": "pl-7ba54012",
    "us-west-1": "pl-6ba54002",
    "us-west-2": "pl-68a54001",
}
