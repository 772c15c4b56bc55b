// SPDX-License-Identifier: MIT
// extrema-pretrain: pretrains a vision transformer with ExtreMA on images.
// Exit code 0; 2: bad usage, a bad file, or a loss that is not finite; 128 + n: stopped by signal
// n.
#include <csignal>
#include <cstdio>
#include <new>
#include <string>
#include <string_view>

#include "extrema/core/error.hpp"
#include "pretrain.hpp"

namespace {

struct Program {
  std::string_view device, precision;
  pretrain::Run* run;
};
constexpr Program programs[] = {{"cpu", "fp32", pretrain::pretrain_fp32},
                                {"cpu", "bf16", pretrain::pretrain_bf16},
                                {"cpu", "bf16_stream", pretrain::pretrain_bf16_stream},
                                {"cuda", "bf16", pretrain::pretrain_cuda_bf16},
                                {"cuda", "fp32", pretrain::pretrain_cuda_fp32},
                                {"cuda", "tf32", pretrain::pretrain_cuda_tf32},
                                {"cuda", "fp16", pretrain::pretrain_cuda_fp16}};

/// The program for this device and precision.
pretrain::Run* program_for(const pretrain::Settings& s) {
  if (s.device == "cuda") pretrain::require_cuda();
  std::string known;
  for (const Program& program : programs) {
    if (program.device != s.device) continue;
    if (program.precision == s.precision) return program.run;
    known += (known.empty() ? "" : ", ") + std::string{program.precision};
  }
  throw extrema::Error{"--precision ", s.precision,  ": with --device ",
                       s.device,       " there is ", known};
}

int run(pretrain::CommandLine& line) {
  const auto& s = line.settings();
  if (s.attention_drop != 0)
    throw extrema::Error{"--attn_drop_rate ", s.attention_drop,
                         ": there is no dropout in attention (the published recipes have 0): leave "
                         "it out, and use --drop_path_rate to regularise"};
  if (s.precision.empty()) line.resolve("--precision", s.device == "cuda" ? "bf16" : "fp32");
  pretrain::Run* const program = program_for(s);
  for (const std::string& note : line.notes()) std::printf("note: %s\n", note.c_str());
  const auto images = extrema::data::open(s.data, {.format = extrema::data::format_named(s.format),
                                                   .decode = {.channels = s.channels.value_or(3)}});
  if (s.channels && *s.channels != images.channels())
    throw extrema::Error{"--channels ",
                         *s.channels,
                         ": the images of ",
                         s.data,
                         " have ",
                         images.channels(),
                         ": leave it out, as it is for folders"};
  if (images.channels() == 1 && s.grey != pretrain::Settings{}.grey)
    std::printf("note: --grey: without effect, as the images have one channel\n");
  return program(line, images);
}

int fail(const char* what) {
  std::fflush(stdout);
  std::fprintf(stderr, "extrema-pretrain: %s\n", what);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of the write, not a death
  pretrain::CommandLine line;
  try {
    line.parse(argc, argv);
    return run(line);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return line.help(error);
    return fail(extrema::text(error.what(), " (--help lists the options)").c_str());
  } catch (const std::bad_alloc&) {
    return fail(
        "out of memory: take a smaller --batch-size, more --micro-batches, or a smaller model");
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
