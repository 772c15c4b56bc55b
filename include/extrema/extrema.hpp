// SPDX-License-Identifier: MIT
// What a method is composed of: policies, layers, losses, optimisers, the trainer. It defines
// nothing itself. Beside it a program includes a backend (cpu/cpu.hpp), data/data.hpp for data sets
// and train/train.hpp for the loop over them: those cost more to compile.
#pragma once

#include "extrema/eval/knn.hpp"
#include "extrema/loss/byol.hpp"
#include "extrema/loss/info_nce.hpp"
#include "extrema/loss/one_of.hpp"
#include "extrema/mask/block_wise.hpp"
#include "extrema/mask/complement.hpp"
#include "extrema/mask/disjoint.hpp"
#include "extrema/mask/grid_sample.hpp"
#include "extrema/mask/independent.hpp"
#include "extrema/mask/inverse_block.hpp"
#include "extrema/mask/one_of.hpp"
#include "extrema/mask/per_view.hpp"
#include "extrema/mask/schedule.hpp"
#include "extrema/nn/recompute.hpp"
#include "extrema/nn/vit.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/optim/lars.hpp"
#include "extrema/optim/one_of.hpp"
#include "extrema/optim/sgd.hpp"
#include "extrema/siamese/extrema.hpp"
#include "extrema/train/trainer.hpp"
#include "extrema/version.hpp"
