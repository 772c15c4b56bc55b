// SPDX-License-Identifier: MIT
// expected: Trainer: Method is not a siamese::Method, for want of Loss, Options
#include "extrema/cpu/cpu.hpp"
#include "extrema/optim/adamw.hpp"
#include "extrema/train/trainer.hpp"
using namespace extrema;
struct NotAMethod {};
using Trainer = train::Trainer<NotAMethod, optim::AdamW, cpu::Device>;
void make(cpu::Device& device) { Trainer trainer{device, Trainer::Options{}}; }
