"""An executable SageMaker: puts any inference container through the platform's contract."""
