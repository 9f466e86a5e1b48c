"""`csm bench`: the speed of a model on this machine, with its exactness, beside transformers."""
