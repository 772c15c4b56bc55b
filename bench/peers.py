#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole pretraining steps of extrema beside PyTorch's, pair by pair on the same machine in the same minutes.

  bench/peers.sh [--python PYTHON] [--rounds 1] [--only small-8,mini28-256]

Each round runs ours, the peer, and (without --quick) ours with results that are the same for any number of threads, one
after another, so that what else the machine does meets all alike; the table shows medians over the rounds. A warm-up and
as many measured steps as the case names go into each run. PyTorch runs in the mode that was its best on a CPU: fused
attention and optimizer in fp32, the released code's own way in bf16.
"""
import argparse, json, os, statistics, subprocess, sys

CASES = {'small-8': ('small', 8, 7), 'small-32': ('small', 32, 3), 'base-4': ('base', 4, 5),  # as bench/cases.hpp
         'tiny32-256': ('tiny32', 256, 5), 'mini28-256': ('mini28', 256, 9)}
MODE = {'fp32': 'eager', 'bf16': 'official'}

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('--bench', required=True, help='the program bench_step')
p.add_argument('--python', default=sys.executable, help='a Python that has torch')
p.add_argument('--rounds', type=int, default=1, help='3 on a machine that others use too')
p.add_argument('--threads', type=int, default=os.cpu_count())
p.add_argument('--only', default=','.join(CASES), help='cases, by comma')
p.add_argument('--quick', action='store_true', help='without the runs that are equal for any number of threads')
p.add_argument('--json', help='write all numbers to this file')
a = p.parse_args()
environment = {**os.environ, 'OMP_NUM_THREADS': str(a.threads), 'OMP_WAIT_POLICY': 'passive'}


def output(command):
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode: sys.exit(f'{" ".join(command)}\n{run.stderr}')
    return json.loads(run.stdout)


def ours(name):
    return output([a.bench, f'--benchmark_filter=^step/{name}', '--benchmark_format=json'])['benchmarks'][0]


def peer(name, precision):
    arch, batch, steps = CASES[name]
    here = os.path.dirname(os.path.abspath(__file__))
    return output([a.python, os.path.join(here, 'peer_step.py'), '--json', '--arch', arch, '--batch', str(batch), '--precision',
                   precision, '--mode', MODE[precision], '--steps', str(steps), '--warm', '3', '--threads', str(a.threads)])


def median(runs, key): return statistics.median(run[key] for run in runs)


rows = []
print(f'{"case":>12} {"":4} {"extrema":>9} {"PyTorch":>9} {"ratio":>6} {"peak MB":>8} {"PyTorch":>8} {"share":>6} {"any threads":>12}')
for name in a.only.split(','):
    for precision in MODE:
        runs = {'ours': [], 'peer': [], 'any': []}
        for _ in range(a.rounds):
            runs['ours'].append(ours(f'{name}/{precision}/iterations:'))
            runs['peer'].append(peer(name, precision))
            if not a.quick: runs['any'].append(ours(f'{name}/{precision}/any_threads'))
        speed, other = median(runs['ours'], 'images/s'), median(runs['peer'], 'images/s')
        cost = f'{median(runs["any"], "images/s") / speed:12.2f}' if runs['any'] else ''
        print(f'{name:>12} {precision:4} {speed:9.2f} {other:9.2f} {speed / other:6.2f} {median(runs["ours"], "peak_MB"):8.0f} '
              f'{median(runs["peer"], "peak_MB"):8.0f} {median(runs["ours"], "share_of_product_rate"):6.2f} {cost}', flush=True)
        rows.append({'case': name, 'precision': precision, **runs})
if a.json:
    with open(a.json, 'w') as file: json.dump(rows, file, indent=1)
