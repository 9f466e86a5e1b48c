"""Parsers of the script formats, all returning a `Screenplay`; `csm_cli.script.reader` chooses one."""
