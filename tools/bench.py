"""`make bench`: `cdk synth` of all stages beside an app that has one bucket and no more.

Both run the same CLI and load the same libraries; only Berth runs its rule pack. Runs alternate,
and the ratio of their medians is what counts.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parents[1]
RUNS = 7
EMPTY_APP = """
import aws_cdk as cdk
import cdk_nag

app = cdk.App()
stack = cdk.Stack(app, "Stack")
cdk.aws_s3.Bucket(stack, "Bucket")
app.synth()
"""


def synth_seconds(project: Path) -> float:
    """Wall time of one `cdk synth` of the project in that folder, in seconds."""
    with tempfile.TemporaryDirectory() as output:
        begin = time.perf_counter()
        subprocess.run(
            ["cdk", "synth", "--quiet", "--output", output],
            cwd=project,
            env={**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_NOTICES": "false"},
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - begin


def main() -> int:
    """Measure, print a table; 1 where synth takes over 1.5 times the empty app."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory(prefix="empty-app-") as folder:
        empty = Path(folder)
        (empty / "app.py").write_text(EMPTY_APP)
        (empty / "cdk.json").write_text(json.dumps({"app": "python app.py", "context": context}))
        projects = {"empty app, one bucket": empty, "Berth, all stages": ROOT}
        seconds: dict[str, list[float]] = {name: [] for name in projects}
        for project in projects.values():
            synth_seconds(project)  # fills the caches that a second run finds filled
        for _ in track(range(RUNS), description="cdk synth, alternating"):
            for name, project in projects.items():
                seconds[name].append(synth_seconds(project))
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    baseline, ours = medians.values()
    table = Table("cdk synth", "median s", "fastest s", "slowest s", "ratio")
    for name, taken in seconds.items():
        figures = (medians[name], min(taken), max(taken), medians[name] / baseline)
        table.add_row(name, *(f"{figure:.2f}" for figure in figures))
    Console().print(table)
    return 0 if ours <= 1.5 * baseline else 1


if __name__ == "__main__":
    sys.exit(main())
