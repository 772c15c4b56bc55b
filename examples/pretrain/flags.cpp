// SPDX-License-Identifier: MIT
// Every flag: its names, what it means, what it takes.
#include <limits>

#include "command_line.hpp"
#include "extrema/core/text.hpp"
#include "extrema/mask/catalogue.hpp"
#include "extrema/nn/presets.hpp"

namespace pretrain {

using extrema::text;

namespace {

constexpr double unlimited = std::numeric_limits<double>::max();

/// As CLI::Range, but a NaN is not in it.
CLI::Validator between(double low, double high) {
  return {[=](const std::string& input) {
            double value = 0;
            if (CLI::detail::lexical_cast(input, value) && value >= low && value <= high)
              return std::string{};
            const std::string expected = high == unlimited
                                             ? text("a finite number, ", low, " or more")
                                             : text(low, " to ", high);
            return text("expected ", expected, ", found ", input);
          },
          ""};
}

/// A whole number, whose type limits it above.
CLI::Validator at_least(long low) {
  return {[=](const std::string& input) {
            long value = 0;
            if (CLI::detail::lexical_cast(input, value) && value >= low) return std::string{};
            return text("expected ", low, " or more, found ", input);
          },
          ""};
}

const CLI::Validator share = between(0, 1), not_negative = between(0, unlimited),
                     positive = at_least(1), count = at_least(0);

std::string architectures() {
  std::string names;
  for (const auto& preset : extrema::nn::presets)
    names += text(names.empty() ? "" : ", ", preset.name);
  return names;
}

std::string policies() {
  std::string result = "Masking policy:";
  for (const auto& entry : extrema::mask::catalogue)
    result += text("\n  ", entry.name, ": ", entry.what);
  return result;
}

}  // namespace

CommandLine::CommandLine() {
  app_.get_formatter()->column_width(44);
  app_.set_config("--config", "",
                  "Read options from this file, such as the config.ini of a run; "
                  "the command line is stronger");
  app_.allow_config_extras(false);
  app_.get_config_formatter_base()->comment('\0');  // lines may be, the rest of one is a path's
  app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app_.add_option("--data,DATA_DIR", settings_.data,
                  "Images: a folder of JPEG and PNG files, one with `train` (and `val`) below it, "
                  "or IDX or CIFAR files")
      ->required();
  model();
  method();
  data();
  training();
  machine();
  run();
  launcher();
}

void CommandLine::model() {
  auto& s = settings_;
  const auto group = "Model";
  app_.add_option("-a,--arch", s.arch, "Architecture: " + architectures())
      ->capture_default_str()
      ->group(group);
  app_.add_option("--dim", s.dim, "Width, instead of the architecture's")
      ->check(positive)
      ->group(group);
  app_.add_option("--depth", s.depth, "Self-attention blocks, instead of the architecture's")
      ->check(positive)
      ->group(group);
  app_.add_option("--heads", s.heads, "Attention heads, instead of the architecture's")
      ->check(positive)
      ->group(group);
  app_.add_option("--mlp-ratio", s.mlp_ratio, "Hidden units per unit of width (4)")
      ->check(positive)
      ->group(group);
  app_.add_option("--patch-size", s.patch, "Side of a patch in pixels (16)")
      ->check(positive)
      ->group(group);
  app_.add_option("--img-size", s.image,
                  "Side of the images in pixels, or height and width (default: that of the data "
                  "where all images have one, else 224)")
      ->expected(1, 2)
      ->check(positive)
      ->group(group);
  app_.add_option("--class_attention_layers", s.class_depth, "Class-attention blocks")
      ->check(positive)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--layer_scale_init_value", s.layer_scale,
                  "First value of the class-attention blocks' LayerScale; the official recipes "
                  "have 0.1 for base, 1e-5 for large; 0: there is none (the official code begins "
                  "it at 0 then)")
      ->check(not_negative)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--drop_path_rate", s.drop_path,
                  "Drop path of the student's last block; it grows linearly from 0")
      ->check(between(0, 0.999))
      ->capture_default_str()
      ->group(group);
  app_.add_option("--attn_drop_rate", s.attention_drop, "0: there is no dropout in attention")
      ->capture_default_str()
      ->group(group);
  app_.add_option("--mlp-dim", s.hidden, "Hidden width of projector and predictor")
      ->check(positive)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--proj-dim", s.projection, "Width of the projections that are compared")
      ->check(positive)
      ->capture_default_str()
      ->group(group);
}

void CommandLine::method() {
  auto& s = settings_;
  const auto group = "Method";
  app_.add_option("--loss", s.loss, "byol or infonce")->capture_default_str()->group(group);
  app_.add_option("--contrast-temp,--temperature", s.temperature, "Temperature of infonce")
      ->capture_default_str()
      ->group(group);
  auto* policy = app_.add_option("--mask-policy", s.mask, policies())->group(group);
  app_.add_flag("--disjoint,!--no-disjoint", s.disjoint,
                "Views that share no patch (the default); --no-disjoint: each view drawn alone")
      ->excludes(policy)
      ->group(group);
  app_.add_option("--mask-ratio", s.mask_ratio,
                  "Share of the patches that a view does not see (default: the policy's)")
      ->group(group);
  app_.add_option("--num-masks", s.views,
                  "Masked views of an image that the student sees in a step")
      ->check(positive)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--rounding", s.rounding,
                  "How many patches are seen where the ratio leaves a fraction")
      ->check(CLI::IsMember({"truncate", "nearest", "up"}))
      ->capture_default_str()
      ->group(group);
  app_.add_option("--ema-momentum", s.ema_momentum,
                  "Momentum of the teacher's average at the start; it grows to 1")
      ->check(share)
      ->capture_default_str()
      ->group(group);
}

void CommandLine::data() {
  auto& s = settings_;
  const auto group = "Data";
  app_.add_option("--data-format", s.format, "auto, folder, idx, cifar10 or cifar100")
      ->capture_default_str()
      ->group(group);
  app_.add_option("--channels", s.channels,
                  "Channels of a folder's images: 1 or 3 (3); other data has its own")
      ->check(CLI::IsMember({1, 3}))
      ->group(group);
  app_.add_flag("--aug-spatialconsistent-color", s.consistent_colour,
                "Student and teacher see one crop, each in colours of its own (the default)")
      ->group(group);
  app_.add_flag("--aug-spatial", s.crop_only, "Both see the same crop")->group(group);
  app_.add_flag("--aug-centercrop", s.centre_crop, "Both see the same middle of the image")
      ->group(group);
  app_.add_flag("--aug-two-crops", s.two_crops, "Each sees a crop in colours of its own")
      ->group(group);
  app_.add_option("--crop-min", s.crop_min, "Least share of an image's area that a crop shows")
      ->check(share)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--flip", s.flip, "How often an image is mirrored")
      ->check(share)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--color-jitter", s.jitter,
                  "Strengths of the jitter: brightness, contrast, saturation, hue")
      ->expected(4)
      ->check(not_negative)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--grey", s.grey, "How often an image loses its colours")
      ->check(share)
      ->capture_default_str()
      ->group(group);
  auto* mean = app_.add_option("--mean", s.mean,
                               "Mean of each channel, of values in [0, 1] (default: ImageNet's "
                               "for 3 channels, else 0.5)")
                   ->expected(1, CLI::detail::expected_max_vector_size)
                   ->group(group);
  auto* deviation = app_.add_option("--std", s.deviation,
                                    "Standard deviation of each channel (default: ImageNet's for "
                                    "3 channels, else 0.25)")
                        ->expected(1, CLI::detail::expected_max_vector_size)
                        ->group(group);
  mean->needs(deviation);
  deviation->needs(mean);
  app_.add_option("--max-unreadable", s.max_unreadable,
                  "Share of the images that may be unreadable: they are skipped and named; the run "
                  "stops where more, and more than 8, are")
      ->check(share)
      ->capture_default_str()
      ->group(group);
}

void CommandLine::training() {
  auto& s = settings_;
  const auto group = "Training";
  app_.add_option("--epochs", s.epochs, "Passes over the data")
      ->check(positive)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--start-epoch", s.start_epoch,
                  "Begin the schedules and the order of the data at this epoch; a checkpoint's own "
                  "place is stronger")
      ->check(count)
      ->capture_default_str()
      ->group(group);
  app_.add_option("-b,--batch-size", s.batch, "Images of a step")
      ->check(positive)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--lr,--learning-rate", s.learning_rate,
                  "Peak learning rate for 256 images; a step's is this times batch size / 256")
      ->check(not_negative)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--min_lr,--min-lr", s.min_learning_rate, "Learning rate at the end, not scaled")
      ->check(not_negative)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--warmup-epochs", s.warmup,
                  "Epochs in which the learning rate grows from 0 (10, or a sixth of the epochs if "
                  "that is less)")
      ->check(not_negative)
      ->group(group);
  app_.add_option("--weight-decay,--wd", s.weight_decay, "Decay of weight matrices")
      ->check(not_negative)
      ->capture_default_str()
      ->group(group);
  auto* end = app_.add_option("--weight-decay-end", s.weight_decay_end,
                              "Decay at the end, reached along a cosine (default: constant)")
                  ->check(not_negative)
                  ->group(group);
  app_.add_flag("--adjust-weight-decay", s.adjust_weight_decay,
                "What --weight-decay-end does by itself")
      ->needs(end)
      ->group(group);
  app_.add_option("--opt", s.optimizer, "adamw, sgd or lars")->capture_default_str()->group(group);
  app_.add_option("--opt-betas", s.betas, "AdamW's two")
      ->expected(2)
      ->check(share)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--opt-eps", s.epsilon, "AdamW's")->capture_default_str()->group(group);
  app_.add_option("--momentum", s.momentum, "Of sgd and lars")->capture_default_str()->group(group);
  app_.add_option("--clip_grad,--clip-grad", s.clip, "Largest norm of the gradient (0: any)")
      ->check(not_negative)
      ->group(group);
  app_.add_option("--seed", s.seed, "Of first weights, order, crops, masks and drop path")
      ->check(count)
      ->capture_default_str()
      ->group(group);
}

void CommandLine::machine() {
  auto& s = settings_;
  const auto group = "Machine";
  app_.add_option("--device", s.device, "Where to compute: cpu, or cuda (docs/cuda.md)")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str()
      ->group(group);
  app_.add_option(
          "--precision", s.precision,
          "fp32 (a CPU's default), bf16 (activations and products; weights and the residual "
          "stream stay fp32; a GPU's default); on a CPU bf16_stream (the residual stream "
          "too); on a GPU tf32 (fp32 with products of tf32), fp16 (with a dynamic loss "
          "scale, for cards before Ampere)")
      ->check(CLI::IsMember({"fp32", "bf16", "bf16_stream", "tf32", "fp16"}))
      ->group(group);
  app_.add_option("--threads", s.threads, "Threads that compute (default: OpenMP's)")
      ->check(between(1, 1024))
      ->group(group);
  app_.add_option("-j,--workers", s.loader_threads,
                  "Threads that read and augment images (default: as many as compute)")
      ->check(between(1, 1024))
      ->group(group);
  app_.add_option(
          "--augment-on", s.augment_on,
          "Who crops, resizes, flips and jitters: host (the workers) or device (a GPU, from "
          "images that the workers decode); the bits are the same")
      ->check(CLI::IsMember({"host", "device"}))
      ->capture_default_str()
      ->group(group);
  app_.add_flag("--deterministic", s.deterministic,
                "The same bits for any number of threads (docs/reproducibility.md)")
      ->group(group);
  app_.add_option("--micro-batches", s.micro_batches,
                  "Pieces that a batch is computed in, one after the other, with the result of the "
                  "whole; 0: as few as fit into memory")
      ->check(count)
      ->capture_default_str()
      ->group(group);
}

void CommandLine::run() {
  auto& s = settings_;
  const auto group = "Run";
  app_.add_option("--output_dir,--output-dir", s.output,
                  "Folder for checkpoint, student, teacher and config.ini; a run goes on from the "
                  "checkpoint "
                  "that it finds there")
      ->capture_default_str()
      ->group(group);
  app_.add_option("--log_dir,--log-dir", s.log,
                  "Folder for metrics.jsonl and TensorBoard's file (default: the output folder)")
      ->group(group);
  app_.add_option("--save-freq", s.save_every,
                  "Epochs between checkpoints; the last is always saved")
      ->check(count)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--save-minutes", s.save_minutes,
                  "Minutes after which a checkpoint is written anyway; 0: never")
      ->check(not_negative)
      ->capture_default_str()
      ->group(group);
  app_.add_option("-p,--print-freq", s.print_every, "Steps between lines of metrics.jsonl")
      ->check(positive)
      ->capture_default_str()
      ->group(group);
  app_.add_option(
          "--resume", s.resume,
          "Go on from this checkpoint; refused where the output folder's own is ahead of it")
      ->configurable(false)
      ->group(group);
  app_.add_flag(
          "--fresh", s.fresh,
          "Begin anew, or from --resume; what a run has left in the output folder, and in the log "
          "folder, is set aside there in replaced-N")
      ->configurable(false)
      ->group(group);
  app_.add_option("--init", s.init,
                  "Begin with the weights of a student.safetensors or teacher.safetensors")
      ->group(group);
  app_.add_option("--max-steps", s.max_steps, "Save and stop after so many steps of the whole run")
      ->check(positive)
      ->configurable(false)
      ->group(group);
  app_.add_flag("--dry-run", s.dry_run, "Print what the run would take, and stop")
      ->configurable(false)
      ->group(group);
  app_.add_option("--knn-freq", s.knn_every,
                  "Epochs between k-NN evaluations of the teacher (k 20, T 0.07); 0: none")
      ->check(count)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--knn-test", s.knn_test,
                  "Labelled images that are classified (default: the data's own test part)")
      ->group(group);
  app_.add_option("--knn-bank", s.knn_bank, "Training images that vote, spread over the data")
      ->check(positive)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--knn-queries", s.knn_queries, "Test images, spread over theirs")
      ->check(positive)
      ->capture_default_str()
      ->group(group);
  app_.add_option("--health-images", s.health_images,
                  "Images that are looked at after each epoch for signs of collapse; 0: none")
      ->check(count)
      ->capture_default_str()
      ->group(group);
}

void CommandLine::launcher() {
  const auto ignore = [&](CLI::Option* option) {
    option->configurable(false)->group("Accepted and ignored (of PyTorch's launcher)");
    ignored_.push_back(option);
  };
  for (const char* name :
       {"--dist-url", "--dist-backend", "--world-size", "--rank", "--local_rank", "--gpu"})
    ignore(app_.add_option(name, unused_));
  for (const char* name : {"--multiprocessing-distributed", "--dist_on_itp"})
    ignore(app_.add_flag(name, unused_flag_));
}

}  // namespace pretrain
