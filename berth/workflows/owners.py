"""`.github/CODEOWNERS`: whose review a change needs that decides about what prod runs.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""

from stacks.settings import Settings

_USERS = {
    "/.github/": "the workflows, and this file",
    "/stages.toml": "accounts, thresholds and roles",
    "/snapshots/": "what a review sees of the templates",
}
_BERTHS = {
    "/*": "the apps, the locked sets of packages, cdk.json",
    "/aws/": "",
    "/berth/": "",
    "/container/": "",
    "/model/": "",
    "/promotion/": "",
    "/stacks/": "",
    "/tools/": "",
}


def codeowners(settings: Settings) -> str | None:
    """The file's text; None where stages.toml names no owners."""
    pipeline = settings.pipeline
    if pipeline is None or not pipeline.owners:
        return None
    owners = " ".join(pipeline.owners)
    paths = {**({} if pipeline.berth else _BERTHS), **_USERS}
    lines = [
        "# Written by `berth workflows` from stages.toml: change that, not this. It counts where",
        "# the rules of the branch require a review of code owners: docs/ci.md.",
    ]
    for path, why in paths.items():
        lines += [f"# {why}"] if why else []
        lines.append(f"{path} {owners}")
    return "\n".join(lines) + "\n"
