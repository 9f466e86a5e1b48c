"""One rendering on many workers: a scheduler of chains, workers with an engine each, Ray between them."""
