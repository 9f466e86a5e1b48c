"""Readers of scripts and books, one a format; `csm_cli.script.reader` chooses one."""
