// SPDX-License-Identifier: MIT
// extrema-pretrain: pretrains a vision transformer with ExtreMA on images.
// Exit code 0; 2: bad usage, a bad file, or a loss that is not finite; 128 + n: stopped by signal
// n.
#include <csignal>
#include <cstdio>
#include <new>

#include "extrema/core/error.hpp"
#include "pretrain.hpp"

namespace {

#ifdef EXTREMA_HAS_CUDA
constexpr bool has_cuda = true;
#else
constexpr bool has_cuda = false;
#endif

void require_device(const pretrain::Settings& s) {
  if (s.device == "cpu") return;
  if (s.device != "cuda") throw extrema::Error{"--device ", s.device, ": expected cpu or cuda"};
  if (!has_cuda)
    throw extrema::Error{
        "--device cuda: this program was built without CUDA (docs/cuda.md says how to build it)"};
  if (s.precision == "bf16_stream")
    throw extrema::Error{"--precision bf16_stream: on a GPU choose fp32 or bf16"};
}

/// The program for this device and precision.
auto program_for(const pretrain::Settings& s) {
#ifdef EXTREMA_HAS_CUDA
  if (s.device == "cuda")
    return s.precision == "bf16" ? pretrain::pretrain_cuda_bf16 : pretrain::pretrain_cuda_fp32;
#endif
  if (s.precision == "bf16") return pretrain::pretrain_bf16;
  if (s.precision == "bf16_stream") return pretrain::pretrain_bf16_stream;
  return pretrain::pretrain_fp32;
}

int run(pretrain::CommandLine& line) {
  const auto& s = line.settings();
  if (s.attention_drop != 0)
    throw extrema::Error{"--attn_drop_rate ", s.attention_drop,
                         ": there is no dropout in attention (the published recipes have 0): leave "
                         "it out, and use --drop_path_rate to regularise"};
  require_device(s);
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
  return program_for(s)(line, images);
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
