// SPDX-License-Identifier: MIT
// Every kernel of training and evaluation in fp32, bf16 and fp16, for nvcc to compile.
#include "extrema/cuda/cuda.cuh"
#include "extrema/eval/feature_health.hpp"
#include "extrema/eval/knn.hpp"
#include "extrema/loss/info_nce.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/optim/lars.hpp"
#include "extrema/optim/sgd.hpp"
#include "extrema/train/feed.hpp"
#include "extrema/train/trainer.hpp"

using namespace extrema;

template <class Loss>
using Method = siamese::Extrema<nn::Vit<nn::dynamic>, mask::Disjoint, Loss>;
template <class Format, class Loss, class Optimizer>
using Trainer = train::Trainer<Method<Loss>, Optimizer, cuda::LtDevice<Format>>;

template class train::Trainer<Method<loss::Byol>, optim::AdamW, cuda::LtDevice<fp32>>;
template class train::Trainer<Method<loss::InfoNce>, optim::AdamW, cuda::LtDevice<bf16>>;
template class train::Trainer<Method<loss::Byol>, optim::AdamW, cuda::LtDevice<fp16>>;
template class train::Trainer<Method<loss::Byol>, optim::Sgd, cuda::LtDevice<bf16>>;
template class train::Trainer<Method<loss::Byol>, optim::Lars, cuda::LtDevice<bf16>>;

void every_step(Trainer<fp32, loss::Byol, optim::AdamW>& a,
                const siamese::Batch<cuda::LtDevice<fp32>, std::uint8_t>& in_a,
                Trainer<bf16, loss::InfoNce, optim::AdamW>& b,
                Trainer<bf16, loss::Byol, optim::Sgd>& c, Trainer<bf16, loss::Byol, optim::Lars>& d,
                const siamese::Batch<cuda::LtDevice<bf16>, std::uint8_t>& in_b,
                Trainer<fp16, loss::Byol, optim::AdamW>& e,
                const siamese::Batch<cuda::LtDevice<fp16>, std::uint8_t>& in_e) {
  a.step(in_a, {});
  b.step(in_b, {});
  c.step(in_b, {});
  d.step(in_b, {});
  e.step(in_e, {});
}

void feed(train::Feed<cuda::LtDevice<bf16>>& feed, const train::HostBatch& batch) {
  feed.send(mask::Disjoint{}, Grid{14, 14}, 5, batch, 0, 0);
}

double evaluation(cuda::Device& device, Matrix<const float> features,
                  std::span<const std::int32_t> labels) {
  return eval::Knn{}.accuracy(device, features, labels, features, labels) +
         eval::effective_rank(device, features);
}
