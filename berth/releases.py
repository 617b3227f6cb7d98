"""The commands that record, verify and show the releases of a stage."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from berth import screen
from berth.context import AsJson, Profile, StageName, settings_of, stage_of, stages_file
from berth.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws.stage import Stage
    from promotion.release import Release
    from promotion.report import Ending, Movement

ReleaseName = Annotated[
    str,
    typer.Argument(
        metavar="RELEASE", help="A release, as dev-000001, or a stage for its newest release."
    ),
]


def record(
    context: typer.Context,
    stage: StageName,
    assembly: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The cloud assembly that the stage was deployed from. Without it, the cdk.out"
            " beside stages.toml.",
        ),
    ] = None,
    sbom: Annotated[
        bool,
        typer.Option(
            "--sbom",
            help="Store beside it what its images are made of, as CycloneDX, where the container"
            " engine of this machine has them.",
        ),
    ] = False,
    profile: Profile = None,
) -> None:
    """Record what a stage runs now as a release.

    The command refuses an assembly that is not the deployed one.
    """
    from promotion.checkout import checkout  # noqa: PLC0415
    from promotion.record import record as record_release  # noqa: PLC0415

    folder = stages_file(context).path.parent
    of, deployed_from = stage_of(context, stage, profile), assembly or folder / "cdk.out"
    release, is_new = record_release(of, deployed_from, source=checkout(folder))
    screen.say(f"{release.id}: recorded" if is_new else f"{release.id}: recorded already")
    for line in _sboms(of, release) if sbom else ():
        screen.say(line)


def _sboms(stage: "Stage", release: "Release") -> "Iterator[str]":
    """Store what each image of a release is made of, where this machine has the image."""
    from promotion.store import ReleaseStore  # noqa: PLC0415
    from tools.image.engine import ImageError, find  # noqa: PLC0415
    from tools.image.sbom import sbom  # noqa: PLC0415

    store = ReleaseStore(stage)
    for image in release.images:
        if store.sbom(image.digest) is not None:
            continue
        named = f"{release.id}: SBOM of {image.digest[:19]}"
        try:
            engine = find()
            here = f"{image.uri}@{image.digest}"
            if not engine.has(here):
                yield f"{named}: none: {engine.program} has not that image"
                continue
            content = sbom(engine, here, image.digest, release.recorded)
        except ImageError as error:
            yield f"{named}: none: {error}"
            continue
        yield f"{named}: {store.keep_sbom(image.digest, content)}"


def verify(context: typer.Context, stage: StageName, profile: Profile = None) -> None:
    """Gather evidence on the release that a stage serves, and store it with the release.

    The exit status is 1 where the release does not pass.
    """
    from promotion import chosen, tables  # noqa: PLC0415
    from promotion.console_output import verification_bars  # noqa: PLC0415
    from promotion.verifying.gather import verify_stage  # noqa: PLC0415

    of = stage_of(context, stage, profile)
    with verification_bars(screen.console(stderr=True)) as on_step:
        release, found = verify_stage(of, chosen.for_verification(of), on_step)
    screen.print_table(screen.console(), *tables.checks(found))
    for path in write_report(stages_file(context).reports, of, release):
        screen.say(f"report: {path}")
    screen.say(f"{release.id}: {found.said}")
    if not found.passed:
        raise typer.Exit(ExitStatus.NO)


def history(
    context: typer.Context, stage: StageName, profile: Profile = None, as_json: AsJson = False
) -> None:
    """List the releases of a stage, the newest first, and mark the one that it serves."""
    from promotion import tables  # noqa: PLC0415
    from promotion.store import ReleaseStore  # noqa: PLC0415

    of = stage_of(context, stage, profile)
    releases, served = ReleaseStore(of).every(), of.served_config()
    if as_json:
        documents = [each.model_dump(mode="json") for each in releases]
        screen.print_json({"endpoint_config": served, "releases": documents})
        return
    if not releases:
        screen.say(f"{stage}: no release yet; record one: berth record {stage}")
        return
    screen.print_table(screen.console(), *tables.history(releases, served))
    if served and served not in {each.endpoint_config for each in releases}:
        screen.say(f"{of.names.endpoint} serves {served}, which no release has: record it")


def show(
    context: typer.Context,
    release: ReleaseName,
    profile: Profile = None,
    as_json: AsJson = False,
    sha256: Annotated[
        bool,
        typer.Option(
            "--sha256",
            help="Print the SHA-256 of the document alone, by which `berth promote --sha256` knows"
            " it again.",
        ),
    ] = False,
) -> None:
    """Print the document of a release: in colours on a terminal, with --json as plain text."""
    from promotion.chosen import named  # noqa: PLC0415
    from promotion.store import ReleaseStore  # noqa: PLC0415

    found = named(settings_of(context), release, profile)
    if sha256:
        screen.say(ReleaseStore(stage_of(context, found.stage, profile)).sha256(found.id))
    else:
        screen.print_json(found.model_dump(mode="json"), coloured=not as_json)


def diff(
    context: typer.Context,
    a: ReleaseName,
    b: ReleaseName,
    *,
    profile_a: Annotated[
        str | None, typer.Option(metavar="PROFILE", help="An AWS profile of the account of A.")
    ] = None,
    profile_b: Annotated[
        str | None, typer.Option(metavar="PROFILE", help="An AWS profile of the account of B.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what differs between two releases: source, model, image, settings, template, evidence."""
    from promotion import tables  # noqa: PLC0415
    from promotion.chosen import named  # noqa: PLC0415
    from promotion.diff import differences  # noqa: PLC0415

    settings = settings_of(context)
    before, after = named(settings, a, profile_a), named(settings, b, profile_b)
    found = differences(before, after)
    if as_json:
        listed = [vars(each) for each in found]
        screen.print_json({"before": before.id, "after": after.id, "differences": listed})
    elif found:
        screen.print_table(screen.console(), *tables.diff(before, after, found))
    else:
        screen.say(f"{before.id} and {after.id} do not differ")


def report(
    context: typer.Context,
    release: ReleaseName,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where to write. Without it, build/reports beside stages.toml.",
        ),
    ] = None,
    texts: Annotated[
        bool,
        typer.Option(
            "--texts",
            help="Show the texts of the golden set's cases that were not right. They may be about"
            " people: without it, the report has none.",
        ),
    ] = False,
    profile: Profile = None,
) -> None:
    """Write a release, its evidence and what is new in it as an HTML page and as Markdown."""
    from promotion.chosen import named  # noqa: PLC0415

    found = named(settings_of(context), release, profile)
    of = stage_of(context, found.stage, profile)
    for path in write_report(folder or stages_file(context).reports, of, found, texts=texts):
        screen.say(str(path))


def write_report(
    folder: Path,
    stage: "Stage",
    release: "Release",
    moved: "tuple[Movement, ...]" = (),
    ending: "Ending | None" = None,
    *,
    texts: bool = False,
) -> tuple[Path, Path]:
    """Write the report on a release of a stage, as an HTML page and as Markdown.

    `texts`: whether it has those of the golden set.
    """
    from promotion.report import ReportData, write  # noqa: PLC0415
    from promotion.store import ReleaseStore  # noqa: PLC0415

    store = ReleaseStore(stage)
    golden = store.golden(release) if texts else None
    return write(folder, ReportData(release, store.before(release), moved, ending, golden))


def schema() -> None:
    """Print the JSON schema of a release's document."""
    from promotion.release import schema as release_schema  # noqa: PLC0415

    screen.say(*release_schema().splitlines())


def policy(
    context: typer.Context,
    stage: StageName,
    side: Annotated[
        Literal["source", "target"],
        typer.Option(help="Which side of the promotion the stage is on."),
    ],
) -> None:
    """Print the IAM policy of the role that promotes from a stage, or to it.

    AWS is not called.
    """
    from promotion.permissions import statements  # noqa: PLC0415

    allowed = statements(side, settings_of(context), stage)
    screen.print_json({"Version": "2012-10-17", "Statement": allowed})


COMMANDS = (record, verify, history, show, diff, report, schema, policy)
