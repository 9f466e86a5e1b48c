"""Damaged input for all that csm reads: it is read, or refused in one line, soon and in little memory."""

import os

# Before anything is imported: nothing here asks the network, or a server that is running.
os.environ |= {"HF_HUB_OFFLINE": "1", "CSM_RESIDENT": "0", "TOKENIZERS_PARALLELISM": "false"}
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MALLOC_ARENA_MAX", "1")  # in workers: room that is only set aside counts as taken
