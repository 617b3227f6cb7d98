#!/bin/sh
# pip install, for the Dockerfile. Bytecode by content, not by time: it stays valid wherever the
# files go, and two builds of the same packages are the same bytes.
set -eu
# Else a Python that starts here leaves bytecode by time for what its .pth files import.
export PYTHONDONTWRITEBYTECODE=1
before=$(mktemp)
PIP_CONFIG_FILE=/run/secrets/pip.conf pip install --no-cache-dir --no-compile \
    --disable-pip-version-check --root-user-action=ignore "$@"
site=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# A package may hold templates and tests of syntax errors, which are no Python: pip ignores them too.
for place in "$site" front; do
    [ ! -d "$place" ] || find "$place" -name '*.py' -cnewer "$before"
done | python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash -i - >/dev/null || :
rm "$before"
