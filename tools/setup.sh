#!/bin/sh
# From a bare Python to everything that Berth needs: .venv with the pinned packages and a pinned
# Node, and the pinned CDK CLI in node_modules. `make setup` calls it where a pin has changed.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
uv_version=0.13.8

step() { printf '==> %s\n' "$1"; }
fail() {
    printf 'setup: %s\n' "$1" >&2
    exit 2
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "$python is missing or older than 3.11: install one and run \`make setup PYTHON=python3.12\`"

step "virtual environment in .venv ($("$python" --version))"
[ -x .venv/bin/pip ] || "$python" -m venv .venv ||
    fail "venv does not work: install it (Debian: apt-get install python3-venv) and run make again"
.venv/bin/pip install --quiet --disable-pip-version-check "uv==$uv_version" ||
    fail "no package index answers: look at the network or \`pip config list\`, and run make again"

step "Python packages (requirements-dev.txt)"
tools/uv pip install --python .venv/bin/python --requirement requirements-dev.txt \
    --constraint constraints.txt ||
    fail "a package could not be installed: see above, and run \`make setup\` again to go on"

step "CDK CLI (package-lock.json), on Node $(.venv/bin/node --version)"
PATH="$PWD/.venv/bin:$PATH" npm ci --no-audit --no-fund --no-update-notifier --loglevel=error ||
    fail "the CDK CLI could not be installed: see above, and run \`make setup\` again to go on"
ln -sf ../../tools/cdk .venv/bin/cdk
ln -sf ../../tools/berth .venv/bin/berth

# uv leaves no bytecode. Everything else gets its own at first use, but the server never writes any.
step "bytecode of what the server imports"
PYTHONDONTWRITEBYTECODE='' PYTHONPATH=container .venv/bin/python -c 'import serving.__main__, serving.worker.core, serving.models.pyfunc' ||
    fail "the server's packages do not import: remove .venv and run \`make setup\` again"
touch .venv/.ready
step "ready: \`. .venv/bin/activate\` puts berth, cdk and python on your PATH"
