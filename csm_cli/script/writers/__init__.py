"""Writers of scripts: YAML and Markdown."""
