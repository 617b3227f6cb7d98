"""`berth local demo`: from a model folder to a prediction of an endpoint, without AWS."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.table import Table

from localaws.accounts import BERTH, CDK
from localaws.bootstrap import bootstrap
from localaws.console import SCREEN, played, run, say
from localaws.home import LocalAwsError
from localaws.lifecycle import Emulator, running
from stacks.model_layout import kind_of
from stacks.settings import Settings
from stacks.stage_plan import StageNames

_EXAMPLE = "serving_input_example.json"


def demo(home: Path, settings: Settings) -> None:
    """Build, deploy the first stage of the settings, predict, and leave nothing running.

    Raises LocalAwsError where a step fails.
    """
    stage = next(iter(settings.stages))
    assembly = home / "cdk.out"
    with played(), ThreadPoolExecutor(max_workers=1) as pool:
        say("1/6", "Starting AWS on this machine, and bootstrapping its account meanwhile")
        with running(home, settings) as emulator:
            bootstrapped = pool.submit(bootstrap, emulator, [stage])
            say("2/6", "Building the example model (nothing to do where it has not changed)")
            run([BERTH, "--stages", str(settings.file), "model"], "the model cannot be built")
            example = example_of(settings.model_folder)
            say("3/6", "cdk synth: stages.toml and the model's folder become templates and assets")
            shutil.rmtree(assembly, ignore_errors=True)
            synth = [CDK, "synth", "--quiet", "--output", str(assembly), "**"]
            run([*synth, "--context", f"stages={settings.file}"], "cdk synth failed")
            bootstrapped.result()
            account = settings.stages[stage].account
            say("4/6", f"cdk deploy '{stage}/*': the real CDK CLI, into account {account}")
            deploy(emulator, stage, assembly)
            name = StageNames(settings.project, stage).endpoint
            say("5/6", f'boto3: invoke_endpoint(EndpointName="{name}")')
            show(example, predict(emulator, stage, example))
            say("6/6", "Ending AWS on this machine")
    for line in (
        "berth local demo --image  the same with the real image, by docker or podman",
        "berth local up            the AWS, left running, to deploy to and call yourself",
        "stages.toml               the file to edit: accounts, regions, instance types, model",
    ):
        SCREEN.print(f"  {line}", soft_wrap=True)


def deploy(emulator: Emulator, stage: str, assembly: Path) -> None:
    """`cdk deploy` of a stage's stacks out of a synthesized assembly.

    Raises LocalAwsError where the CLI fails; its output is on the screen by then.
    """
    run(
        [CDK, "deploy", "--app", str(assembly), "--require-approval", "never", f"{stage}/*"],
        f"cdk deploy of {stage} failed: its reason is above, its log is {emulator.home}",
        environment=emulator.environment(stage),
    )


def predict(emulator: Emulator, stage: str, request: bytes) -> Any:
    """The response of the stage's endpoint to a JSON request, by an unchanged boto3 client."""
    client = emulator.session(stage).client("sagemaker-runtime")
    response = client.invoke_endpoint(
        EndpointName=StageNames(emulator.settings.project, stage).endpoint,
        ContentType="application/json",
        Body=request,
    )
    return json.loads(response["Body"].read())


def example_of(model_folder: Path) -> bytes:
    """A request of the model: MLflow's input example, or one made for an encoder of texts.

    Raises LocalAwsError where there is none.
    """
    file = model_folder / _EXAMPLE
    if file.is_file():
        return file.read_bytes()
    kind = kind_of(model_folder)
    if kind == "encoder":
        return b'{"text": ["Ada Lovelace was born in London."]}'
    cure = "log the model with an input_example" if kind == "mlflow" else "write a request there"
    raise LocalAwsError(f"{file}: no such file, and so no request to send; {cure}")


def show(request: bytes, response: Any) -> None:
    """Entities of texts as a table; any other response as JSON."""
    match json.loads(request), response:
        case {"dataframe_split": {"columns": ["text"], "data": rows}}, {"predictions": [*found]}:
            texts = [row[0] for row in rows]
        case _:
            texts, found = [], []
    if not texts or not all(map(_are_entities, found)):
        SCREEN.print_json(data=response)
        return
    for text, entities in zip(texts, found, strict=True):
        SCREEN.print(f"\n  {text}", markup=False)
        table = Table("entity", "label", "score", "start", "end", box=None, padding=(0, 2))
        for one in entities:
            span = str(one["start"]), str(one["end"])
            table.add_row(one["text"], one["label"], f"{one['score']:.3f}", *span)
        SCREEN.print(table if entities else "  (no entity)")


def _are_entities(found: object) -> bool:
    keys = {"text", "label", "score", "start", "end"}
    return isinstance(found, list) and all(
        isinstance(one, dict) and keys <= one.keys() for one in found
    )
