// SPDX-License-Identifier: MIT
// All that the command line can say, with its defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pretrain {

/// Those that the official main.py has too have its defaults.
struct Settings {
  std::string data;

  std::string arch = "vit_base";
  std::optional<int> dim, depth, heads, mlp_ratio, patch;  // none: the architecture's
  std::vector<int> image;                                  // none: the data's, or 224
  int class_depth = 2;
  double layer_scale = 0.1;  // 0: there is none
  double drop_path = 0;
  double attention_drop = 0;
  int hidden = 4096;
  int projection = 256;

  std::string loss = "byol";
  double temperature = 1;
  std::optional<std::string> mask;
  bool disjoint = true;
  std::optional<double> mask_ratio;  // none: the policy's own
  int views = 1;
  std::string rounding = "truncate";
  double ema_momentum = 0.996;

  std::string format = "auto";
  std::optional<int> channels;  // none: the data's, 3 of a folder
  bool crop_only = false, centre_crop = false, consistent_colour = false, two_crops = false;
  double crop_min = 0.2;
  double flip = 0.5;
  std::vector<double> jitter{0.4, 0.4, 0.2, 0.1};
  double grey = 0.2;
  std::vector<float> mean, deviation;  // none: ImageNet's, or 0.5 and 0.25
  double max_unreadable = 0.01;

  std::string optimizer = "adamw";
  int epochs = 300;
  int start_epoch = 0;
  int batch = 2048;
  double learning_rate = 1.5e-4;
  double min_learning_rate = 0;
  std::optional<double> warmup;  // none: 10, or a sixth of the epochs if that is less
  double weight_decay = 0.1;
  std::optional<double> weight_decay_end;
  bool adjust_weight_decay = false;
  std::vector<double> betas{0.9, 0.999};
  double epsilon = 1e-8;
  double momentum = 0.9;
  std::optional<double> clip;
  std::uint64_t seed = 0;

  std::string device = "cpu";
  std::string precision;  // empty: fp32 on a CPU, bf16 on a GPU
  std::optional<int> threads, loader_threads;
  std::string augment_on = "host";
  bool deterministic = false;
  int micro_batches = 0;  // 0: as few as fit into memory

  std::string output = "results";
  std::string log;     // empty: the output folder
  int save_every = 5;  // epochs
  double save_minutes = 15;
  int print_every = 20;  // steps
  std::string resume, init;
  bool fresh = false;
  std::optional<long> max_steps;
  bool dry_run = false;

  int knn_every = 0;  // epochs
  std::string knn_test;
  int knn_bank = 5000, knn_queries = 1000;
  int health_images = 256;

  /// The masking policy by its name in the catalogue.
  std::string policy() const { return mask.value_or(disjoint ? "disjoint" : "independent"); }
};

}  // namespace pretrain
