// SPDX-License-Identifier: MIT
#include "command_line.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "extrema/core/text.hpp"
#include "extrema/loss/catalogue.hpp"
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

/// As a configuration file has it: numbers and words as they are, other text in quotes.
std::string quoted(const std::string& value) {
  const bool plain = std::ranges::all_of(value, [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '+' || c == '_';
  });
  return plain && !value.empty() ? value : '"' + value + '"';
}

/// As a shell reads it: one word, whatever is in it.
std::string shell_quoted(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view{"/._-+=:,@%"}.find(c) != std::string_view::npos;
  });
  if (plain) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? "'\\''" : std::string{c};
  return result + "'";
}

/// From wherever the program is started next.
std::string absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}
bool is_path(const std::string& option) {
  constexpr std::array names{"data", "output_dir", "log_dir", "knn-test", "init"};
  return std::ranges::find(names, option) != names.end();
}

std::string joined(const std::vector<std::string>& values) {
  if (values.size() == 1) return quoted(values.front());
  std::string result;
  for (const std::string& value : values) result += (result.empty() ? "[" : ", ") + quoted(value);
  return result + "]";
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
          "Begin anew, or from --resume; what the output folder holds is set aside in replaced-N")
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

namespace {

bool is_number(const std::string& word) {
  char* end = nullptr;
  std::strtod(word.c_str(), &end);
  return !word.empty() && *end == 0;
}

/// Of an option of several numbers that is given twice CLI11 would take all for those of one: here
/// the last one counts, as it does of others. In the order in which CLI11 wants the words.
std::vector<std::string> last_of_each(const CLI::App& app, std::vector<std::string> words) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_expected_max() < 2) continue;
    const auto names_it = [&](const std::string& word) {
      return std::ranges::any_of(option->get_lnames(), [&](const std::string& name) {
        return word == "--" + name || word.starts_with("--" + name + "=");
      });
    };
    for (auto left = std::ranges::count_if(words, names_it); left > 1; --left) {
      const auto first = std::ranges::find_if(words, names_it);
      words.erase(first, std::find_if_not(first + 1, words.end(), is_number));
    }
  }
  std::ranges::reverse(words);
  return words;
}

}  // namespace

void CommandLine::parse(int argc, char** argv) {
  program_ =
      std::string_view{argv[0]}.find('/') == std::string_view::npos ? argv[0] : absolute(argv[0]);
  try {
    app_.parse(last_of_each(app_, {argv + 1, argv + argc}));
    // However it is spelt, it is the same data.
    settings_.data = absolute(settings_.data);
  } catch (const CLI::ExtrasError&) {
    // The value of an unknown option takes DATA_DIR's place, which is not to blame then.
    std::vector<std::string> options = app_.remaining();
    std::erase_if(options, [](const std::string& word) { return !word.starts_with('-'); });
    if (options.empty()) throw;
    throw CLI::ExtrasError{options};
  }
}

namespace {

/// Options that something else keeps from acting, though they were changed.
std::vector<std::string> without_effect(const Settings& s) {
  const Settings usual;
  const bool no_colour = s.crop_only || s.centre_crop, adamw = s.optimizer == "adamw";
  std::vector<std::string> notes;
  const auto note = [&](const char* option, bool changed, const char* reason) {
    if (changed) notes.push_back(text(option, ": without effect, as ", reason));
  };
  note("--contrast-temp", s.loss == "byol" && s.temperature != usual.temperature,
       "byol has no temperature");
  note("--rounding", s.mask == "grid" && s.rounding != usual.rounding,
       "grid keeps one patch of each cell");
  note("--color-jitter", no_colour && s.jitter != usual.jitter, "colours are left as they are");
  note("--grey", no_colour && s.grey != usual.grey, "colours are left as they are");
  note("--crop-min", s.centre_crop && s.crop_min != usual.crop_min, "the middle is cropped");
  note("--flip", s.centre_crop && s.flip != usual.flip, "the middle is cropped");
  note("--opt-betas", !adamw && s.betas != usual.betas, "they are AdamW's");
  note("--opt-eps", !adamw && s.epsilon != usual.epsilon, "it is AdamW's");
  note("--momentum", adamw && s.momentum != usual.momentum, "AdamW has --opt-betas");
  note("--drop_path_rate", s.drop_path > 0 && s.depth == 1, "it grows from 0 at the first block");
  note("--threads", s.device == "cuda" && s.threads.has_value(),
       "a GPU computes (-j: threads that read)");
  note("--deterministic", s.device == "cuda" && s.deterministic, "a GPU's runs repeat anyway");
  note("--knn-test", s.knn_every == 0 && !s.knn_test.empty(), "--knn-freq is 0");
  note("--knn-bank", s.knn_every == 0 && s.knn_bank != usual.knn_bank, "--knn-freq is 0");
  note("--knn-queries", s.knn_every == 0 && s.knn_queries != usual.knn_queries, "--knn-freq is 0");
  return notes;
}

}  // namespace

std::vector<std::string> CommandLine::notes() const {
  std::vector<std::string> notes;
  std::string launcher;
  for (const CLI::Option* option : ignored_)
    if (option->count() > 0) launcher += text(launcher.empty() ? "" : ", ", option->get_name());
  if (!launcher.empty()) notes.push_back(launcher + ": of PyTorch's launcher, without effect here");
  if (settings_.layer_scale == 0)
    notes.push_back(
        "--layer_scale_init_value 0: there is no LayerScale, as the official help says; the "
        "official code begins it at 0");
  for (std::string& note : without_effect(settings_)) notes.push_back(std::move(note));
  return notes;
}

void CommandLine::resolve(const std::string& option, const std::string& value) {
  CLI::Option* const found = app_.get_option(option);
  found->clear();
  found->add_result(value);
  found->run_callback();
}

std::string CommandLine::again(const std::string& configuration) const {
  return shell_quoted(program_) + " --config " + shell_quoted(absolute(configuration));
}

std::string CommandLine::configuration() const {
  std::string lines = "# To be read again: extrema-pretrain --config FILE\n";
  for (const CLI::Option* option : app_.get_options()) {
    if (!option->get_configurable() || option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    std::string value =
        option->count() > 0 ? joined(option->reduced_results()) : option->get_default_str();
    if (is_path(name)) value = quoted(absolute(option->as<std::string>()));
    if (value.empty() || value == "\"\"") continue;
    const std::string what = option->get_description();
    lines += text("\n# ", what.substr(0, what.find('\n')), "\n", name, "=", value, "\n");
  }
  return lines;
}

}  // namespace pretrain
