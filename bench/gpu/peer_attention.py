#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PyTorch's fused attention on the shapes of attention.cu, forward and backward: one JSON list."""
import json, statistics
import torch
import torch.nn.functional as F


def milliseconds(run, runs=50):
    for _ in range(5): run()
    times = []
    for _ in range(5):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        for _ in range(runs): run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / runs)
    return statistics.median(times)


rows = []
for width in (32, 64):
    for tokens in (16, 39, 64, 196):
        heads, count = 384 // width, 100_000 // tokens
        shape = (count, heads, tokens, width)
        q, k, v = (torch.randn(shape, device='cuda', dtype=torch.bfloat16, requires_grad=True) for _ in range(3))
        y = F.scaled_dot_product_attention(q, k, v)
        grad = torch.randn_like(y)
        with torch.no_grad(): forward = milliseconds(lambda: F.scaled_dot_product_attention(q, k, v))
        backward = milliseconds(lambda: torch.autograd.grad(y, (q, k, v), grad, retain_graph=True))
        rows.append({'tokens': tokens, 'heads': heads, 'width': width, 'sequences': count,
                     'forward_ms': forward, 'backward_ms': backward})
print(json.dumps(rows, indent=1))
