"""checkov over the templates, each of its findings mended or acknowledged with a reason."""
