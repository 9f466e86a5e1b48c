"""The command line: options in, one library call, a result printed. No logic lives here."""
