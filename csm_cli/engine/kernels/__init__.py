"""Small models on a CPU: decoding and sampling as compiled loops (extra `fast`: numba).

A frame of the demo voice is some forty layers of a few hundred numbers. In torch the call of each product
takes longer than the product; as one compiled function a frame is three times as fast, and the lines of a
batch are shared out among the cores, which synchronise once a frame.
"""
