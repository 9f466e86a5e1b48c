"""Small models on a CPU: steps and frames as compiled loops (extra `fast`: numba).

A frame of the demo voice is some forty layers of a few hundred numbers. As calls of torch, each product
takes less time than it takes to be called; as one compiled function a frame is three times as fast, and
lines of a batch are shared out among the cores, which meet once a frame.
"""
