"""How fast a model speaks on this machine, beside how exactly, and beside transformers. `csm bench`."""
