"""Checks of scripts and lexicons: what is wrong, and what is doubtful."""
