#!/bin/sh
# From a bare Python to what Berth needs: .venv with a locked set of packages and a Node among them,
# and the pinned CDK CLI in node_modules. What does not have its lock's hashes is not installed.
# `make setup` calls it where a lock has changed; `make setup-run` with `run`, for a job that deploys
# or promotes: no test, linter, server or model's package is beside its credentials.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
set=${1:-dev}
case $set in
dev) lock=requirements-dev.txt ;;
run) lock=requirements.txt ;;
*) printf 'setup: %s: takes dev or run\n' "$set" >&2 && exit 2 ;;
esac

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
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --requirement tools/uv.txt ||
    fail "no package index answers: look at the network or \`pip config list\`, and run make again"

install() {
    tools/uv pip install --python .venv/bin/python --no-deps "$@" ||
        fail "a package could not be installed: see above, and run \`make setup\` again to go on"
}
step "Python packages ($lock)"
install --require-hashes --requirement "$lock"
# Which build of torch it is depends on the machine, so that its hash stands in no lock.
[ "$set" = run ] || install "$(sed -n '/^torch==/p' model/requirements.txt)"

step "CDK CLI (package-lock.json), on Node $(.venv/bin/node --version)"
PATH="$PWD/.venv/bin:$PATH" npm ci --no-audit --no-fund --no-update-notifier --loglevel=error ||
    fail "the CDK CLI could not be installed: see above, and run \`make setup\` again to go on"
ln -sf ../../tools/cdk .venv/bin/cdk
ln -sf ../../tools/berth .venv/bin/berth

if [ "$set" = run ]; then
    touch .venv/.ready-run
    exit
fi
# uv leaves no bytecode. Everything else gets its own at first use, but the server never writes any.
step "bytecode of what the server imports"
PYTHONDONTWRITEBYTECODE='' PYTHONPATH=container .venv/bin/python -c 'import berth_serving.__main__, berth_serving.worker.core, berth_serving.models.pyfunc' ||
    fail "the server's packages do not import: remove .venv and run \`make setup\` again"
touch .venv/.ready
step "ready: \`. .venv/bin/activate\` puts berth, cdk and python on your PATH"
