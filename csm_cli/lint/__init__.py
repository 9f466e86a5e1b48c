"""Checks of scripts and lexicons, and reports on them."""
