"""The plan as the platform engineer reads it."""

import copy

from stacks.deployment_plan.data import StackTemplates
from stacks.deployment_plan.report import DeploymentPlan, plan
from stacks.deployment_plan.resource_types import ResourceTypes
from tests.stacks.deployment_plan.templates import Template, resource, serving, variant

BUCKET = resource(
    "AWS::S3::Bucket", policies={"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
)


def made(
    types: ResourceTypes, before: Template | None, after: Template, *, may_delete: bool = False
) -> DeploymentPlan:
    stack = StackTemplates("berth-prod-serving", before, after)
    return plan("prod", [stack], types, may_delete_data=may_delete)


def text(of: DeploymentPlan) -> str:
    return "\n".join(map(str, of.lines))


def test_another_model_reads_in_the_order_in_which_it_happens(types: ResourceTypes) -> None:
    after = serving(model=f"s3://models/{'b' * 64}.gz")
    assert text(made(types, serving(model=f"s3://models/{'a' * 64}.gz"), after)) == (
        "berth-prod-serving: is updated\n"
        "  1. replaces Model Model: another model archive: aaaaaaaa….gz → bbbbbbbb….gz\n"
        "  2. replaces EndpointConfig Config: it names the new Model\n"
        "  3. updates Endpoint Endpoint in place: it names the new EndpointConfig\n"
        "      shifts traffic all at once, as soon as the new instances serve\n"
        "      no alarm undoes it\n"
        "      keeps the instance count that scaling has reached\n"
        "  4. deletes what was replaced: EndpointConfig Config, Model Model"
    )


def test_an_image_by_a_function_reads_by_its_hash(types: ResourceTypes) -> None:
    before, after = (
        serving(image={"Fn::Sub": f"1.dkr.ecr.eu.${{AWS::URLSuffix}}/assets:{digit * 64}"})
        for digit in "ab"
    )
    assert "replaces Model Model: another image: aaaaaaaa… → bbbbbbbb…" in text(
        made(types, before, after)
    )


def test_another_instance_type_says_why_and_in_which_order(types: ResourceTypes) -> None:
    said = text(made(types, serving(), serving(variants=[variant(InstanceType="ml.g6.xlarge")])))
    assert "another instance type: ml.g5.xlarge → ml.g6.xlarge" in said
    assert (
        "      ! SageMaker refuses this while scaling is on: variant AllTraffic goes from"
        " ml.g5.xlarge to ml.g6.xlarge; deploy three times:\n"
        "        1) first with [prod.scaling] enabled = false, and nothing else changed\n"
    ) in said


def test_variants_come_and_go_by_name(types: ResourceTypes) -> None:
    before = serving(variants=[variant("A"), variant("B")], scaled=False)
    after = serving(variants=[variant("B"), variant("C")], scaled=False)
    said = text(made(types, before, after))
    assert "replaces EndpointConfig Config: variant A is taken away; variant C is new\n" in said
    assert "starts variant C with 2 instances" in said


def test_alarms_are_a_line_each(types: ResourceTypes) -> None:
    before = serving(
        Old=resource("AWS::CloudWatch::Alarm"),
        Changed=resource("AWS::CloudWatch::Alarm", Threshold=5, Period=60),
    )
    after = serving(
        New=resource("AWS::CloudWatch::Alarm"),
        Changed=resource("AWS::CloudWatch::Alarm", Threshold=6, TreatMissingData="breaching"),
    )
    assert text(made(types, before, after)) == (
        "berth-prod-serving: is updated\n"
        "  1. updates Alarm Changed in place: Period is taken away: 60; Threshold: 5 → 6;"
        " TreatMissingData is new: breaching\n"
        "  2. creates Alarm New\n"
        "  3. deletes Alarm Old"
    )


def test_a_role_that_may_do_more_is_marked_and_one_that_may_not_says_so(
    types: ResourceTypes,
) -> None:
    def with_action(action: str) -> Template:
        template = serving()
        statement = {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::b/*"}
        document = {"Statement": [statement]}
        policies = [{"PolicyName": "p", "PolicyDocument": document}]
        template["Resources"]["Role"]["Properties"]["Policies"] = policies
        return template

    wide, narrow = with_action("s3:*"), with_action("s3:GetObject")
    assert text(made(types, narrow, wide)) == (
        "berth-prod-serving: is updated\n"
        "  1. updates Role Role in place: permissions\n"
        "      ! may now: s3:* on arn:aws:s3:::b/*"
    )
    assert "nothing is allowed that was not before" in text(made(types, wide, narrow))


def test_an_endpoint_of_another_name_warns_its_callers(types: ResourceTypes) -> None:
    after = copy.deepcopy(serving())
    after["Resources"]["Endpoint"]["Properties"]["EndpointName"] = "berth-other"
    said = text(made(types, serving(), after))
    assert "replaces Endpoint Endpoint: EndpointName: berth-prod → berth-other" in said
    assert "! every caller of the endpoint has to call the new one" in said


def test_what_is_not_deployed_yet_is_created(types: ResourceTypes) -> None:
    assert text(made(types, None, serving())) == (
        "berth-prod-serving: not deployed yet, everything is created (5 resources)\n"
        "  1 Endpoint, 1 EndpointConfig, 1 Model, 1 Role, 1 ScalableTarget"
    )


def test_the_same_is_nothing_to_do(types: ResourceTypes) -> None:
    assert text(made(types, serving(), serving())) == "berth-prod-serving: nothing to do"


def test_outputs_alone_change_no_resource(types: ResourceTypes) -> None:
    after = {**serving(), "Outputs": {"Name": {"Value": "x"}}}
    assert text(made(types, serving(), after)) == (
        "berth-prod-serving: no resource changes; CloudFormation stores the new template"
    )


def test_data_that_is_touched_is_refused_unless_both_keys_are_given(types: ResourceTypes) -> None:
    before = serving(Data=BUCKET)
    refused = made(types, before, serving())
    assert refused.refused
    assert text(refused) == (
        "berth-prod-serving: is updated\n"
        "  1. deletes Bucket Data from the stack alone: it stays\n"
        "touches data:\n"
        "  ✗ berth-prod-serving: Bucket Data leaves the stack; it stays, outside of any stack\n"
        'refused: it takes [prod.data] removal_policy = "destroy" and delete_data = true in'
        " stages.toml to go on"
    )
    allowed = made(types, before, serving(), may_delete=True)
    assert not allowed.refused
    assert text(allowed).splitlines()[-1].startswith("allowed: ")
    # Keys that are given and not needed change nothing.
    assert not made(types, serving(), before, may_delete=True).refused


def test_a_replaced_resource_that_is_kept_is_not_cleared_away(types: ResourceTypes) -> None:
    def named(name: str) -> Template:
        return serving(Data={**BUCKET, "Properties": {"BucketName": name}})

    said = text(made(types, named("a"), named("b")))
    assert "replaces Bucket Data: BucketName: a → b" in said
    assert "deletes what was replaced" not in said


def test_data_capture_is_named_whether_or_not_it_changes(types: ResourceTypes) -> None:
    config = serving()["Resources"]["Config"]
    capture = {"EnableCapture": True, "InitialSamplingPercentage": 5}
    properties = {**config["Properties"], "DataCaptureConfig": capture}
    captures = serving(Config={**config, "Properties": properties})
    said = (
        "! berth-prod-serving captures data: SageMaker writes 5 % of requests and responses as"
        " they are, and nothing in a container can change that"
    )
    assert text(made(types, captures, captures)).splitlines()[-1] == said
    assert said in text(made(types, None, captures))
    assert said not in text(made(types, captures, serving()))


def by_output(name: str) -> dict[str, object]:
    return {"Fn::GetStackOutput": {"StackName": "berth-prod-storage", "OutputName": name}}


def storage(bucket: str = "first", value: object = None, **more: object) -> Template:
    value = value or {"Ref": "Bucket"}
    made = resource("AWS::S3::Bucket", BucketName=bucket)
    return {"Resources": {"Bucket": made}, "Outputs": {"Name": {"Value": value, **more}}}


def both(types: ResourceTypes, before: Template, after: Template, reader: Template) -> list[str]:
    """What the plan says where the storage stack changes, and the text of its reader does not."""
    stacks = [
        StackTemplates("berth-prod-storage", before, after),
        StackTemplates("berth-prod-serving", reader, reader),
    ]
    return list(map(str, plan("prod", stacks, types, may_delete_data=True).lines))


def test_what_reads_a_replaced_resources_output_would_follow_but_is_passed_by(
    types: ResourceTypes,
) -> None:
    reader = serving(image=by_output("Name"), scaled=False)
    said = both(types, storage("first"), storage("second"), reader)
    passed_by = "is skipped, as its own template is unchanged (cdk deploy --force deploys it)"
    at = said.index(f"berth-prod-serving: {passed_by}")
    assert said[at + 1 : at + 4] == [
        "  1. replaces Model Model: it reads berth-prod-storage.Name, which changes",
        "  2. replaces EndpointConfig Config: it names the new Model",
        "  3. updates Endpoint Endpoint in place: it names the new EndpointConfig",
    ]


def test_an_output_of_another_text_is_followed_as_well(types: ResourceTypes) -> None:
    reader = serving(image=by_output("Name"))
    said = both(types, storage(value="one"), storage(value="two"), reader)
    assert "  1. replaces Model Model: it reads berth-prod-storage.Name, which changes" in said


def test_an_output_that_stays_changes_nothing(types: ResourceTypes) -> None:
    before, after = storage(), storage()
    after["Resources"]["Bucket"]["Properties"]["Tags"] = [{"Key": "a", "Value": "b"}]
    said = both(types, before, after, serving(image=by_output("Name")))
    assert said[-1] == "berth-prod-serving: nothing to do"


def test_an_export_that_is_imported_cannot_change(types: ResourceTypes) -> None:
    export = {"Export": {"Name": "storage:Name"}}
    reader = serving(image={"Fn::Join": ["/", ["a", {"Fn::ImportValue": "storage:Name"}]]})
    said = both(types, storage("first", **export), storage("second", **export), reader)
    refused = "  ! CloudFormation refuses to change storage:Name: berth-prod-serving imports it"
    assert refused in said
    assert not [line for line in both(types, storage(), storage("second"), reader) if "!" in line]


def test_an_output_made_of_anothers_is_followed_through_it(types: ResourceTypes) -> None:
    between: Template = {"Resources": {}, "Outputs": {"Again": {"Value": by_output("Name")}}}
    again = {"Fn::GetStackOutput": {"StackName": "between", "OutputName": "Again"}}
    last = serving(image=again)
    stacks = [
        StackTemplates("berth-prod-storage", storage("first"), storage("second")),
        StackTemplates("between", between, between),
        StackTemplates("last", last, last),
    ]
    said = [*map(str, plan("prod", stacks, types, may_delete_data=True).lines)]
    assert "  1. replaces Model Model: it reads between.Again, which changes" in said


GROUP = "/aws/sagemaker/Endpoints/berth-prod"


def with_group(template: Template, name: str = GROUP) -> Template:
    changed = copy.deepcopy(template)
    kept = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    changed["Resources"]["Logs"] = resource("AWS::Logs::LogGroup", policies=kept, LogGroupName=name)
    return changed


def moving(types: ResourceTypes, *, may_delete: bool = False) -> DeploymentPlan:
    storage = {"Resources": {"Data": BUCKET}}
    stacks = [
        StackTemplates("berth-prod-storage", storage, with_group(storage)),
        StackTemplates("berth-prod-serving", with_group(serving()), serving()),
    ]
    return plan("prod", stacks, types, may_delete_data=may_delete)


def test_a_log_group_that_goes_to_another_stack_is_refused_with_what_to_do(
    types: ResourceTypes,
) -> None:
    for may_delete in (False, True):
        made = moving(types, may_delete=may_delete)
        assert made.refused
        assert text(made).endswith(
            "cannot be deployed as it is:\n"
            f"  ✗ LogGroup {GROUP} goes from berth-prod-serving to berth-prod-storage\n"
            "refused: CloudFormation makes no second log group of a name; docs/upgrading.md says"
            " how to move it"
        )
        assert "touches data" not in text(made)


def test_whoever_makes_a_log_group_is_told_how_to_take_over_one_that_was_kept(
    types: ResourceTypes,
) -> None:
    said = (
        f"berth-prod-serving makes {GROUP}: where one of that name was kept,"
        " cdk deploy --import-existing-resources takes it over"
    )
    for before in (None, serving()):
        made_it = made(types, before, with_group(serving()))
        assert not made_it.refused
        assert text(made_it).endswith(said)
    assert said not in text(made(types, with_group(serving()), with_group(serving())))
