"""`python -m tools.checkov`: checkov's findings in the templates that are not acknowledged.

It reads the snapshots, which are the templates of stages.toml and of every example. checkov is in
an environment of its own, which `make checkov` makes.
"""

import json
import subprocess
import sys
from pathlib import Path

from tools.checkov.acknowledged import Finding, acknowledgements, judge

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / "build" / ".checkov" / "bin" / "checkov"
SNAPSHOTS = ROOT / "tests" / "stacks" / "snapshots"


def main() -> int:
    """Print findings without acknowledgement, and the reverse; returns 1 where there are any."""
    found = findings(SNAPSHOTS)
    lines = judge(found, acknowledgements())
    print("\n".join(lines) or f"checkov: each of the {len(found)} findings is acknowledged")
    return 1 if lines else 0


def findings(folder: Path) -> list[Finding]:
    """checkov's findings in the templates below a folder."""
    command = [str(CHECKOV), "--directory", str(folder), "--framework", "cloudformation"]
    command += ["--output", "json", "--quiet", "--skip-download", "--soft-fail"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"checkov: {done.stderr.strip() or done.stdout.strip()}")
    report = json.loads(done.stdout)
    if "results" not in report:
        sys.exit(f"checkov: there is no template in {folder}")
    return [
        Finding(
            one["file_path"].removeprefix("/"), one["resource"], one["check_id"], one["check_name"]
        )
        for one in report["results"]["failed_checks"]
    ]


if __name__ == "__main__":
    sys.exit(main())
