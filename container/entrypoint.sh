#!/bin/sh
# What SageMaker starts: `serve`. Nothing is installed here and nothing is fetched.
set -eu

if [ "$#" -ne 1 ] || [ "$1" != serve ]; then
    echo "entrypoint.sh: got '$*', but takes one argument: serve (start the inference server)" >&2
    exit 2
fi

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
scratch=${TMPDIR:-/tmp}

# The model's folder and the image are read-only, and only $scratch is sure to be writable.
# The front's packages are the front's alone: it starts its workers without that folder.
export PYTHONPATH="$here/front:$here" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
export HOME="$scratch" HF_HOME="$scratch/huggingface" MLFLOW_TRACKING_URI="file://$scratch/mlruns"
# No network, also where there is one: what is not in the model or the image is an error at once.
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 DO_NOT_TRACK=1
export MLFLOW_DISABLE_TELEMETRY=true
# Its log lines go through the server's own log, as JSON.
export MLFLOW_CONFIGURE_LOGGING=false
# Parallel tokenizers and the server's threads together would be more than the cores.
export TOKENIZERS_PARALLELISM="${TOKENIZERS_PARALLELISM:-false}"

# -P: nothing is imported from the folder that this was started in. Python 3.10 has no such option.
case $(python -V) in
    *" 3.10."*)
        cd "$here"
        exec python -m berth_serving
        ;;
esac
exec python -P -m berth_serving
