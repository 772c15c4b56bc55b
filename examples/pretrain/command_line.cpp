// SPDX-License-Identifier: MIT
#include "command_line.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "extrema/core/text.hpp"

namespace pretrain {

using extrema::text;

namespace {

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

/// How many letters have to be put in, left out or exchanged to make one of the other
/// (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const char letter : a) {
    std::size_t before = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t exchanged = before + (letter == b[j] ? 0 : 1);
      before = row[j + 1];
      row[j + 1] = std::min({exchanged, before + 1, row[j] + 1});
    }
  }
  return row.back();
}

/// The option that an unknown one was meant for, where at most two letters differ; else nothing.
std::string meant(const CLI::App& app, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::string nearest;
  std::size_t least = 3;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& known : option->get_lnames())
      if (const std::size_t d = distance("--" + known, name); d < least) {
        least = d;
        nearest = "--" + known;
      }
  return nearest;
}

}  // namespace

void CommandLine::parse(int argc, char** argv) {
  program_ =
      std::string_view{argv[0]}.find('/') == std::string_view::npos ? argv[0] : absolute(argv[0]);
  try {
    app_.parse(last_of_each(app_, {argv + 1, argv + argc}));
    // However it is spelt, it is the same data.
    settings_.data = absolute(settings_.data);
  } catch (const CLI::RequiredError&) {  // the data alone is
    throw CLI::RequiredError{"DATA_DIR, the images to learn from (the last argument, or --data),"};
  } catch (const CLI::ExtrasError&) {
    // The value of an unknown option takes DATA_DIR's place, which is not to blame then.
    std::vector<std::string> options = app_.remaining();
    std::erase_if(options, [](const std::string& word) { return !word.starts_with('-'); });
    if (options.empty()) throw;
    for (std::string& option : options)
      if (const std::string other = meant(app_, option); !other.empty())
        option += text(" (did you mean ", other, "?)");
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
