"""AWS on this machine: MiniStack, with SageMaker and its hosting plane added."""
