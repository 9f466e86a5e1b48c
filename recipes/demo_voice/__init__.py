"""The embedded demo voice: its data, its training, and the script that measures it."""
