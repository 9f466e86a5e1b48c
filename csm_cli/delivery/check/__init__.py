"""Checking what is delivered, from any source, against the limits of a shop, a feed or a broadcaster."""

from csm_cli.delivery.check.run import Checked, CheckedFile, check_files, find_files

__all__ = ["Checked", "CheckedFile", "check_files", "find_files"]
