# `make` alone prints the targets. STAGE=dev|qa|prod picks a stage where one is needed.
SHELL := /bin/sh
STAGE ?= dev
PORT ?= 8080
BERTH := tools/berth
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# For `make setup` from within another virtual environment, whose Python would be taken for ours.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
# Without bytecode every start compiles its packages anew: seconds each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-run lock demo rehearse promote test test-all quick check lint-workflows checkov fix model tests-model synth plan deploy serve contract local local-down snapshots workflows docs bench bench-serving image test-image

help: ## print the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
	    while IFS='|' read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done

setup: .venv/.ready ## set up .venv and the CDK CLI; does nothing when nothing changed
	@:

LOCKS := tools/setup.sh tools/uv.txt requirements.txt package.json package-lock.json

.venv/.ready: $(LOCKS) requirements-dev.txt model/requirements.txt
	@tools/setup.sh

setup-run: .venv/.ready-run ## the same with what deploys and promotes alone: for jobs with credentials
	@:

.venv/.ready-run: $(LOCKS)
	@tools/setup.sh run

lock: setup ## write the locked sets anew from their .in files
	@tools/lock

demo: setup ## build the model, deploy dev to an AWS on this machine, show a prediction
	@$(BERTH) local demo $(if $(IMAGE),--image)

rehearse: model ## bring a release through three accounts on this machine, and see one go back
	@$(BERTH) local rehearse

# An idle worker takes over half of what another has still to do: the last minutes are everybody's.
PYTEST := python -m pytest --numprocesses 2 --dist worksteal
# The products around what is deployed: the emulator, the contract kit, the measurements, the image.
AROUND := localaws contract bench image

tests-model: setup
	@$(BERTH) --stages tests/stages.toml model

test: export EXAMPLES ?= 100
test: tests-model ## run the tests that guard what is deployed, and one way from end to end
	@$(PYTEST) -m "not long" $(AROUND:%=--ignore tests/%)

test-all: export EXAMPLES ?= 200
test-all: tests-model ## run every test, EXAMPLES=200 of each property, and the image where it can be built
	@$(PYTEST) --cov --cov-report=term:skip-covered
	@if $(BERTH) --stages tests/stages.toml image --probe; then $(MAKE) test-image; fi

quick: export EXAMPLES ?= 10
quick: setup ## run the tests of pure Python, with a tenth of the examples of each property
	@$(PYTEST) -m "not slow and not long"

check: lint-workflows ## ruff, mypy --strict, and the workflows
	@ruff check .
	@ruff format --check .
	@mypy .

lint-workflows: setup ## actionlint and zizmor over .github/workflows
	@actionlint .github/workflows/*.yml
	@zizmor --offline --quiet --pedantic --strict-collection .github

checkov: build/.checkov/.ready ## run checkov over the templates of stages.toml and the examples
	@python -m tools.checkov

build/.checkov/.ready: .venv/.ready tools/checkov/requirements.txt
	@tools/uv venv --quiet --clear build/.checkov
	@tools/uv pip install --quiet --python build/.checkov --no-deps \
	    --requirement tools/checkov/requirements.txt
	@touch $@

fix: setup ## let ruff mend what it can
	@ruff check --fix .
	@ruff format .

model: setup ## build the example model, if stages.toml names it and it has changed (EXAMPLE=sentiment or encoder: another)
	@$(BERTH) model $(if $(EXAMPLE),--example $(EXAMPLE))

synth: model ## synthesize every stage into cdk.out
	@cdk synth --quiet '**'

plan: model ## say what deploying STAGE would do to what is deployed there
	@$(BERTH) plan $(STAGE)

deploy: model ## deploy STAGE (default dev) to its AWS account, and record the release
	@cdk deploy '$(STAGE)/*' --import-existing-resources
	@$(BERTH) record $(STAGE)

promote: setup ## bring what FROM serves to TO, the stage after it: make promote FROM=qa TO=prod
	$(if $(and $(FROM),$(TO)),,$(error name both stages: make promote FROM=qa TO=prod))
	@$(BERTH) promote --from $(FROM) --to $(TO)

serve: model ## serve the model of stages.toml at 127.0.0.1:PORT (default 8080), without AWS
	@$(BERTH) serve --port $(PORT)

contract: model ## put the server with the model of stages.toml through SageMaker's contract
	@$(BERTH) contract

image: model ## build the image of the model with docker or podman (CPU=1: with PyTorch for CPU)
	@$(BERTH) image $(if $(CPU),--cpu)

test-image: setup ## build the image for CPU, run it as SageMaker would, and certify it
	@python -m pytest tests/image --image

local: model ## start an AWS on this machine and leave it running
	@$(BERTH) local up

local-down: setup ## stop the AWS on this machine
	@$(BERTH) local down

snapshots: model ## write the templates of the stages of stages.toml into snapshots/
	@$(BERTH) snapshots

workflows: setup ## write .github/workflows for the stages of stages.toml
	@$(BERTH) workflows

docs: setup ## write the generated parts of the docs anew
	@python -m tools.docs

bench: model ## measure synth, and how fast a model and an image move (10 minutes)
	@python -m tools.bench
	@python -m bench.moving

bench-serving: setup ## measure the server beside others, and what it does when things go wrong
	@python -m bench.serving
	@python -m bench.serving.turns
	@python -m bench.serving.encoders
	@python -m bench.serving.failures
