#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make_images.py FOLDER: 50,000 random images in CIFAR-10's binary format, for runs that only measure speed."""
import os, sys

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
for name in [f'data_batch_{i}.bin' for i in range(1, 6)] + ['test_batch.bin']:
    with open(os.path.join(folder, name), 'wb') as file:
        for i in range(10_000): file.write(bytes([i % 10]) + os.urandom(3072))
