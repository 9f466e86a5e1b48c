"""Measurements of speed on a GPU, for this project's own pages; `csm bench` is for users."""
