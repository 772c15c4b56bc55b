#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One ExtreMA pretraining step in current PyTorch, as strong as a user would write it: the peer to measure against.

  python3 peer_step.py --arch small --batch 8 --precision fp32 --mode eager            # on this CPU
  python3 peer_step.py --device cuda --arch base --batch 256 --precision bf16 --mode compile

modes: official (as the released code does it), eager (fused attention and AdamW, one-pass EMA), compile (torch.compile of
both branches), autotune (the same, max-autotune), graph (cuda only: compiled, and the whole step captured in a CUDA graph).
Prints a line: images/s (median), peak memory, GFLOP per image, and the share of the matrix-product rate that PyTorch itself
reaches here for the model's shapes. FLOPs are counted as 2 per multiply-add, backward as twice forward.
"""
import argparse, json, resource, statistics, time
import torch, torch.nn as nn, torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument('--arch', default='small', choices=['small', 'base', 'tiny32', 'mini28'])
p.add_argument('--batch', type=int, default=8)
p.add_argument('--precision', default='fp32', choices=['fp32', 'bf16'])
p.add_argument('--mode', default='eager', choices=['official', 'eager', 'compile', 'autotune', 'graph'])
p.add_argument('--device', default='cpu')
p.add_argument('--steps', type=int, default=5)
p.add_argument('--warm', type=int, default=3)
p.add_argument('--threads', type=int, default=2)
p.add_argument('--json', action='store_true', help='print one JSON object')
a = p.parse_args()
dev, cuda = torch.device(a.device), a.device.startswith('cuda')
torch.set_num_threads(a.threads)
torch.manual_seed(0)
if cuda: torch.set_default_device(dev)
D, depth, H, img, patch, mlp, proj = {'small': (384, 12, 6, 224, 16, 4096, 256), 'base': (768, 12, 12, 224, 16, 4096, 256),
                                      'tiny32': (192, 6, 3, 32, 4, 1024, 256), 'mini28': (128, 4, 4, 28, 4, 512, 128)}[a.arch]
chans = 1 if a.arch == 'mini28' else 3
N = (img // patch) ** 2
M, keep = {'small': (5, 39), 'base': (5, 39), 'tiny32': (4, 16), 'mini28': (4, 12)}[a.arch]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(D, 3 * D), nn.Linear(D, D)

    def forward(self, x):
        B, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(B, n, 3, H, D // H).permute(2, 0, 3, 1, 4)
        if a.mode == 'official':
            y = ((q @ k.transpose(-2, -1)) * (D // H) ** -0.5).softmax(-1) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v)
        return self.proj(y.transpose(1, 2).reshape(B, n, D))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)

    def forward(self, x): return self.fc2(F.gelu(self.fc1(x)))


def drop_path(x, rate, train):
    if rate == 0 or not train: return x
    return x / (1 - rate) * torch.floor(1 - rate + torch.rand(x.shape[0], 1, 1, device=x.device))


class Block(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.n1, self.n2, self.attn, self.mlp, self.rate = nn.LayerNorm(D, eps=1e-6), nn.LayerNorm(D, eps=1e-6), Attention(), Mlp(), rate

    def forward(self, x, train):
        x = x + drop_path(self.attn(self.n1(x)), self.rate, train)
        return x + drop_path(self.mlp(self.n2(x)), self.rate, train)


class ClassBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2, self.mlp = nn.LayerNorm(D, eps=1e-6), nn.LayerNorm(D, eps=1e-6), Mlp()
        self.q, self.k, self.v, self.o = (nn.Linear(D, D) for _ in range(4))
        self.g1, self.g2 = nn.Parameter(0.1 * torch.ones(D)), nn.Parameter(0.1 * torch.ones(D))

    def forward(self, x, c):
        u = self.n1(torch.cat((c, x), 1))
        heads = lambda t: t.reshape(u.shape[0], -1, H, D // H).transpose(1, 2)
        y = F.scaled_dot_product_attention(heads(self.q(u[:, :1])), heads(self.k(u)), heads(self.v(u)))
        c = c + self.g1 * self.o(y.transpose(1, 2).reshape(u.shape[0], 1, D))
        return c + self.g2 * self.mlp(self.n2(c))


def head(layers, width, out):
    parts = []
    for i in range(layers):
        parts.append(nn.Linear(width if i == 0 else mlp, out if i == layers - 1 else mlp))
        if i < layers - 1: parts += [nn.LayerNorm(mlp), nn.GELU()]
    return nn.Sequential(*parts)


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.cls = nn.Conv2d(chans, D, patch, patch), nn.Parameter(torch.zeros(1, 1, D))
        self.register_buffer('pos', torch.randn(1, N, D) * .02)
        self.blocks = nn.ModuleList(Block(0.1 * i / max(1, depth - 1)) for i in range(depth))
        self.class_blocks, self.norm, self.head = nn.ModuleList(ClassBlock() for _ in range(2)), nn.LayerNorm(D, eps=1e-6), head(3, D, proj)

    def forward(self, image, masks=None):
        x = self.embed(image).flatten(2).transpose(1, 2) + self.pos
        if masks is not None: x = torch.cat([torch.gather(x, 1, m[..., None].expand(-1, -1, D)) for m in masks])
        for b in self.blocks: x = b(x, masks is not None)
        c = self.cls.expand(x.shape[0], -1, -1)
        for b in self.class_blocks: c = b(x, c)
        return self.head(self.norm(c[:, 0]))


student, teacher, predictor = Vit(), Vit(), head(2, proj, proj)
teacher.load_state_dict(student.state_dict())
for q in teacher.parameters(): q.requires_grad_(False)
sp, tp = list(student.parameters()), list(teacher.parameters())
lr = torch.tensor(1e-4) if a.mode == 'graph' else 1e-4
opt = torch.optim.AdamW(sp + list(predictor.parameters()), lr=lr, betas=(.9, .95), weight_decay=.1, fused=a.mode != 'official', **({'capturable': True} if a.mode == 'graph' else {}))
fs, ft, fp = student, teacher, predictor
if a.mode in ('compile', 'autotune', 'graph'):
    kw = {'mode': 'max-autotune-no-cudagraphs' if cuda else 'max-autotune'} if a.mode == 'autotune' else {}
    fs, ft, fp = (torch.compile(m, **kw) for m in (student, teacher, predictor))
x1, x2 = torch.randn(a.batch, chans, img, img), torch.randn(a.batch, chans, img, img)
half = lambda: torch.autocast(dev.type, torch.bfloat16, enabled=a.precision == 'bf16')


def step():
    order = torch.argsort(torch.rand(a.batch, N), 1)
    with half(): q = fp(fs(x1, [order[:, i * keep:(i + 1) * keep] for i in range(M)]))
    with torch.no_grad():
        if a.mode == 'official':
            for s, t in zip(sp, tp): t.data = t.data * .996 + s.data * .004
        else: torch._foreach_lerp_(tp, sp, .004)
        with half(): k = ft(x2)
    k = F.normalize(k.float(), dim=1).repeat(M, 1)
    loss = ((F.normalize(q.float(), dim=1) - k) ** 2).sum(1).mean()
    loss.backward()
    opt.step()
    opt.zero_grad(set_to_none=a.mode != 'graph')
    return loss


def sync():
    if cuda: torch.cuda.synchronize()


if a.mode == 'graph':
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(a.warm): step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph): step()
    run = graph.replay
else: run = lambda: step().item()
for _ in range(a.warm): run()
sync()
times = []
for _ in range(a.steps):
    t = time.perf_counter()
    run()
    sync()
    times.append(time.perf_counter() - t)


def encoder_flops(tokens, sequences, n):  # one forward pass
    f = tokens * depth * 24 * D * D + sequences * depth * 4 * n * n * D
    f += 2 * ((tokens + sequences) * 4 * D * D + sequences * (4 * D * D + 16 * D * D))
    return f + sequences * 2 * (D * mlp + mlp * mlp + mlp * proj)


embed = a.batch * N * 2 * D * chans * patch * patch
flops = 3 * (encoder_flops(a.batch * M * keep, a.batch * M, keep) + a.batch * M * 4 * proj * mlp) + 2 * embed
flops += encoder_flops(a.batch * N, a.batch, N) + embed
dt = torch.bfloat16 if a.precision == 'bf16' else torch.float32


def product_rate(m, n, k):
    A, B, best = torch.randn(m, k, dtype=dt), torch.randn(n, k, dtype=dt), 1e9
    for _ in range(8):
        sync()
        t = time.perf_counter()
        A @ B.T
        sync()
        best = min(best, time.perf_counter() - t)
    return 2 * m * n * k / best


rows = a.batch * M * keep
rate = statistics.harmonic_mean([product_rate(rows, 3 * D, D), product_rate(rows, 4 * D, D), product_rate(rows, D, 4 * D)])
med = statistics.median(times)
peak = torch.cuda.max_memory_allocated() / 2**30 if cuda else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
if a.json:
    print(json.dumps({'arch': a.arch, 'batch': a.batch, 'precision': a.precision, 'mode': a.mode, 'images/s': a.batch / med, 'peak_MB': peak * 2**30 / 1e6, 'GFLOP/image': flops / a.batch / 1e9,
                      'share_of_product_rate': flops / med / rate, 'version': torch.__version__}))
    raise SystemExit
print(f"{torch.__version__} {torch.cuda.get_device_name() if cuda else str(a.threads) + ' threads'} {a.arch} B{a.batch} {a.precision} {a.mode}: "
      f"{a.batch / med:.2f} img/s, step {med * 1e3:.1f} ms ({min(times) * 1e3:.1f}-{max(times) * 1e3:.1f}), peak {peak:.2f} GB, "
      f"{flops / a.batch / 1e9:.2f} GFLOP/img, {flops / med / 1e9:.0f} of {rate / 1e9:.0f} GFLOP/s = {flops / med / rate:.2f}")
