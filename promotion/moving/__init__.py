"""The bytes of a release from one account to the next: S3 objects and images."""
