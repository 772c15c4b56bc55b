// SPDX-License-Identifier: MIT
// The example programs with --device cuda: built for the emulator, or for a GPU.
#include <doctest/doctest.h>

#include "../train/pretraining.hpp"

namespace {

#ifdef EXTREMA_EMULATED
const std::string built_as = "-emulated";
#else
const std::string built_as;
#endif

Arguments on_cuda(const TemporaryFolder& folder, const char* name, const Arguments& more) {
  return tiny(folder / "data", folder / name) + Arguments{"--device", "cuda"} + more;
}

#ifdef EXTREMA_EMULATED
/// A part of a data set in the format of MNIST: grey images of 28 x 28 in two classes.
void make_idx(const std::string& folder, const std::string& part, int count) {
  std::string images = big_endian(0x803) + big_endian(static_cast<std::uint32_t>(count)) +
                       big_endian(28) + big_endian(28),
              labels = big_endian(0x801) + big_endian(static_cast<std::uint32_t>(count));
  for (int i = 0; i < count; ++i) {
    const auto image = picture(1, 28, 28, i);
    images.append(image.pixels.begin(), image.pixels.end());
    labels += static_cast<char>(i % 2);
  }
  write_below(folder + "/" + part + "-images-idx3-ubyte", images);
  write_below(folder + "/" + part + "-labels-idx1-ubyte", labels);
}

/// What the program says where it stops at once, with this in its environment.
std::string refusal(const Arguments& more, const char* variable, const char* value) {
  const TemporaryFolder folder;
  make_images(folder / "data");
  Pretraining run{on_cuda(folder, "out", more), folder / "said",
                  [&] { ::setenv(variable, value, 1); }};
  CHECK(run.wait() == 2);
  return run.said();
}

#endif

const struct UseThisBuild {
  UseThisBuild() { Pretraining::program = EXTREMA_PROGRAMS "/extrema-pretrain" + built_as; }
} use_this_build;

}  // namespace

TEST_CASE("every reference file holds on the CUDA backend") {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{EXTREMA_TEST_DATA}) {
    if (entry.path().extension() != ".safetensors") continue;
    CAPTURE(entry.path());
    const std::string parity = EXTREMA_PROGRAMS "/extrema-parity" + built_as;
    CHECK(std::system((parity + " --device cuda " + entry.path().string()).c_str()) == 0);
    ++files;
  }
  CHECK(files >= 9);
}

TEST_CASE("a run on the CUDA backend is killed, and goes on to the same bits") {
  std::mt19937 random{3};
  for (const char* precision : {"fp32", "bf16", "fp16"}) {
    CAPTURE(precision);
    const TemporaryFolder folder;
    make_images(folder / "data", 1);
    const Arguments more{"--epochs", "6", "--save-minutes", "0.0002", "--precision", precision};
    REQUIRE(finish(on_cuda(folder, "straight", more), folder) == 0);
    int kills = 0;
    for (int attempt = 0; attempt < 4; ++attempt)
      kills += kill_at(on_cuda(folder, "killed", more), folder,
                       [&](Pretraining&) { sleep_awhile(random); });
    CHECK(kills >= 2);
    REQUIRE(finish(on_cuda(folder, "killed", more), folder) == 0);
    CHECK(tensors(checkpoint(folder / "killed")) == tensors(checkpoint(folder / "straight")));
    CHECK(metrics(folder / "killed") == metrics(folder / "straight"));
    CHECK(contains(metrics(folder / "straight"), "\"step\":18,"));
  }
}

TEST_CASE("a run whose images the card augments has the bits of one whose host does") {
  const TemporaryFolder folder;
  make_images(folder / "data");
  for (const char* side : {"host", "device"})
    REQUIRE(finish(on_cuda(folder, side, {"--epochs", "2", "--augment-on", side}), folder) == 0);
  CHECK(tensors(checkpoint(folder / "device")) == tensors(checkpoint(folder / "host")));
  CHECK(metrics(folder / "device") == metrics(folder / "host"));
}

TEST_CASE("a run's configuration holds no --threads that a GPU would note") {
  const TemporaryFolder folder;
  make_images(folder / "data");
  Arguments arguments = on_cuda(folder, "out", {"--epochs", "1"});
  const auto threads = std::ranges::find(arguments, "--threads");
  REQUIRE(threads != arguments.end());
  arguments.erase(threads, threads + 2);
  REQUIRE(finish(arguments, folder) == 0);
  Pretraining again{{"--config", folder / "out" + "/config.ini"}, folder / "said"};
  CHECK(again.wait() == 0);
  CHECK(!contains(again.said(), "without effect"));
}

#ifdef EXTREMA_EMULATED
TEST_CASE("the first example runs on the CUDA backend, one line changed") {
  const TemporaryFolder folder;
  make_idx(folder / "data", "train", 128);
  make_idx(folder / "data", "t10k", 16);
  const std::string command = EXTREMA_PROGRAMS "/example_pretrain_fashion_emulated " +
                              folder / "data" + " > " + folder / "said" + " 2>&1";
  const int code = std::system(command.c_str());
  const std::string said = read_file(folder / "said");
  INFO(said);
  CHECK(code == 0);
  CHECK(contains(said, "k-NN accuracy before: "));
  CHECK(contains(said, "k-NN accuracy after:  "));
}

TEST_CASE("what cannot run on a GPU is refused in one line") {
  CHECK(refusal({}, "EMU_DEVICES", "0") ==
        "extrema-pretrain: CUDA: no GPU was found (is CUDA_VISIBLE_DEVICES set to none?); use the "
        "CPU instead\n");
  CHECK(contains(refusal({}, "EMU_CAPABILITY", "70"), "has compute capability 7.0, and 7.5"));
  CHECK(contains(refusal({}, "EMU_DRIVER", "0"), "driver is missing, or older than the toolkit"));
  CHECK(contains(refusal({"--precision", "bf16_stream"}, "EMU_ORDER", "0"),
                 "with --device cuda there is bf16, fp32, tf32, fp16"));
}
#endif
