#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""report.py FOLDER: what bench/gpu.sh has measured, as one gpu.json in that folder and a table. Missing parts stay out."""
import glob, json, os, statistics, sys

folder = sys.argv[1]


def read(name):
    path = os.path.join(folder, name)
    if not os.path.exists(path): return None
    with open(path) as file:
        return [json.loads(line) for line in file] if name.endswith('l') else json.load(file)


result = {'steps': [], 'peers': read('peers.jsonl') or [], 'attention': read('attention.json') or [],
          'peer_attention': read('peer_attention.json') or []}
for path in sorted(glob.glob(os.path.join(folder, 'step-*.json'))):
    part = read(os.path.basename(path))
    result['card'] = part['card']
    result['steps'] += part['rows']

best = {}
for peer in result['peers']:
    name = f"{peer['arch']}-{peer['batch']}"
    if name not in best or peer['images/s'] > best[name]['images/s']: best[name] = peer

print(json.dumps(result.get('card', {})))
print(f"{'case':>12} {'':4} {'images/s':>9} {'step ms':>8} {'of card':>8} {'peak MB':>8} {'PyTorch':>9} {'mode':>9} {'ratio':>6} {'memory':>7}")
for row in result['steps']:
    line = (f"{row['case']:>12} {row['precision']:4} {row['images/s']:9.0f} {row['step_ms']:8.2f} {row.get('share_of_card', float('nan')):8.3f} "
            f"{row['peak_MB']:8.0f}")
    peer = best.get(row['case'])
    if peer and peer['precision'] == row['precision']:
        line += (f" {peer['images/s']:9.0f} {peer['mode']:>9} {row['images/s'] / peer['images/s']:6.2f} "
                 f"{row['peak_MB'] / peer['peak_MB']:7.2f}")
    print(line)

peers = {(p['tokens'], p['width']): p for p in result['peer_attention']}
for row in result['attention']:
    peer = peers.get((row['tokens'], row['width']))
    ratio = f", PyTorch's {peer['forward_ms']:.3f} and {peer['backward_ms']:.3f} ms" if peer else ''
    print(f"attention, {row['tokens']} tokens, heads of {row['width']}: {row['forward_ms']:.3f} and {row['backward_ms']:.3f} ms, "
          f"{row['forward_GB/s']:.0f} and {row['backward_GB/s']:.0f} GB/s{ratio}")

for side in ('host', 'device'):
    run = read(f'run-{side}/metrics.jsonl')
    if not run: continue
    speeds = [line['time']['images_per_second'] for line in run if 'images_per_second' in line.get('time', {})]
    result.setdefault('files_to_weights', {})[f'images/s, augmented by the {side}'] = statistics.median(speeds)
    step = next((r for r in result['steps'] if r['case'] == 'tiny32-512' and r['precision'] == 'bf16'), None)
    share = f", {100 * statistics.median(speeds) / step['images/s']:.0f} % of the step's alone" if step else ''
    print(f"from files to weights, tiny32, augmented by the {side}: {statistics.median(speeds):.0f} images/s{share}")

with open(os.path.join(folder, 'gpu.json'), 'w') as file: json.dump(result, file, indent=1)
