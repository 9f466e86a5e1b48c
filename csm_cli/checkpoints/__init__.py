"""Checkpoints as people have them: found, read, checked, converted, fetched.

`find_checkpoint` (in `find`) takes what a user calls a model and gives a `Checkpoint`; its `tensors()` are
named as transformers names them, whatever the files hold. Never needs transformers, and torch only where a
tensor is read.
"""
