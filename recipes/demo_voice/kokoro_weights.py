"""Kokoro-82M's weights, dequantised from the int8 ONNX file, under the names of the PyTorch modules.

The ONNX graph keeps plain parameters under their own names and the products of each layer as quantised
initialisers, named by the node that reads them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np


class _Graph:
    def __init__(self, path: Path):
        import onnx
        from onnx import numpy_helper

        self.nodes = onnx.load(str(path)).graph
        self.arrays = {each.name: each for each in self.nodes.initializer}
        self._read = numpy_helper.to_array

    def __getitem__(self, name: str) -> np.ndarray:
        return self._read(self.arrays[name]).astype(np.float32)

    def dequantised(self, name: str, zero: str, axis: int) -> np.ndarray:
        """(q - zero) * scale, with one scale or one for each entry of `axis`."""
        values, scale = self[name], self[name.replace("_quantized", "_scale")]
        offset = self[zero] if zero else np.zeros((), np.float32)
        shape = [1] * values.ndim
        shape[axis] = -1

        def spread(factor: np.ndarray) -> np.ndarray:
            return factor.reshape(shape) if factor.size > 1 else factor.reshape(())

        return (values - spread(offset)) * spread(scale)


def _module_path(node: str) -> str:
    """`/encoder/predictor/F0.0/conv1` → `predictor.F0.0.conv1`; repeated list names are folded."""
    path = node.split("/", 2)[2].replace("/", ".")
    path = re.sub(r"\b(cnn|asr_res|duration_proj)\.(\d+)\.\1\.\2\.(\d+)", r"\1.\2.\3", path)
    return re.sub(r"asr_res\.asr_res\.", "asr_res.", path)


def _lstm(graph: _Graph, node: Any) -> dict[str, np.ndarray]:
    """The four arrays of each direction, gates from ONNX's order (i, o, f, c) to torch's (i, f, g, o)."""
    inputs = node.input

    def matrix(values: str, scale: str, zero: str) -> np.ndarray:
        whole = (graph[values] - graph[zero].reshape(-1, 1, 1)) * graph[scale].reshape(-1, 1, 1)
        return whole.transpose(0, 2, 1)

    weights = matrix(inputs[1], inputs[8], inputs[9]), matrix(inputs[2], inputs[10], inputs[11])
    bias, hidden = graph[inputs[3]], weights[1].shape[2]

    def gates(rows: np.ndarray) -> np.ndarray:
        i, o, f, c = (rows[k * hidden : (k + 1) * hidden] for k in range(4))
        return np.concatenate([i, f, c, o])

    base = _module_path(node.name.replace("_quant", "").rsplit("/", 1)[0])
    found = {}
    for direction, suffix in ((0, "l0"), (1, "l0_reverse")):
        found[f"{base}.weight_ih_{suffix}"] = gates(weights[0][direction])
        found[f"{base}.weight_hh_{suffix}"] = gates(weights[1][direction])
        found[f"{base}.bias_ih_{suffix}"] = gates(bias[direction][: 4 * hidden])
        found[f"{base}.bias_hh_{suffix}"] = gates(bias[direction][4 * hidden :])
    return found


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Float32 arrays by module path, such as `decoder.encode.conv1.weight`."""
    graph = _Graph(path)
    found: dict[str, np.ndarray] = {}
    for node in graph.nodes.node:
        name, inputs = node.name.replace("_quant", ""), node.input
        if node.op_type == "MatMulInteger":
            weight = graph.dequantised(inputs[1], inputs[3], 1).T
            if re.match(r"(en|de)coder\.", inputs[1]):
                key = inputs[1].split(".", 1)[1].replace("_quantized", "")
            else:
                tail = name.split("/", 2)[2].rsplit("/", 1)[0]
                key = re.sub(r"_\d+$", "", tail).replace("/", ".") + ".weight"
            found[key] = weight
        elif node.op_type == "MatMul" and inputs[1] in graph.arrays and "l_linear" in name:
            found["decoder.generator.m_source.l_linear.weight"] = graph[inputs[1]].T
        elif node.op_type == "ConvInteger":
            path_of = _module_path(name.rsplit("/", 1)[0])
            found[path_of + ".weight"] = graph.dequantised(inputs[1], inputs[3], 0)
        elif node.op_type in ("Conv", "ConvTranspose") and inputs[1] in graph.arrays:
            found[_module_path(name.rsplit("/", 1)[0]) + ".weight"] = graph[inputs[1]]
        elif node.op_type == "DynamicQuantizeLSTM":
            found |= _lstm(graph, node)
    for name, array in graph.arrays.items():
        if not re.match(r"(en|de)coder\.", name):
            continue
        if name.endswith("_quantized") and "embedding" in name:
            base = name.removesuffix("_quantized")
            zero = base + "_zero_point"
            if zero not in graph.arrays:  # two tables share one
                zero = "encoder.bert.embeddings.word_embeddings.weight_zero_point"
            found[base.split(".", 1)[1]] = (graph[name] - graph[zero]) * graph[base + "_scale"]
        elif not re.search(r"_(quantized|scale|zero_point|shape)$", name) and array.data_type == 1:
            found[name.split(".", 1)[1]] = graph[name]
    return found
