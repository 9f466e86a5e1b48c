"""A reader for each format of scripts; all make a `Screenplay`."""
