"""How large and how deep a script may be. docs/scripts.md states these numbers; a refusal is one line."""

MAX_BYTES = 16 * 2**20
"""Of a script file: some thirty long novels in one."""
MAX_ROWS = 500_000
"""Rows of a script file, spoken or not."""
MAX_LINES = 50_000
"""Spoken lines of one script, includes counted."""
MAX_LINE_CHARACTERS = 100_000
"""Of one spoken line: more than an hour of speech, to be split by hand."""
MAX_INCLUDES = 1_000
MAX_INCLUDED_BYTES = 16 * 2**20
"""Of all included scripts together; one that is included twice counts twice."""
MAX_INCLUDE_DEPTH = 8
MAX_YAML_DEPTH = 16
MAX_PAUSE_SECONDS = 600.0
MAX_CONTROL_CHARACTERS = 20
"""Reported one by one; more of them make it a binary file."""
