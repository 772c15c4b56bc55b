// SPDX-License-Identifier: MIT
// Features of a folder of images, by a trained encoder, as a .npy file of (images, features).
#include <cstdio>
#include <extrema/cpu/cpu.hpp>
#include <extrema/data/image_folder.hpp>
#include <extrema/eval/encoder.hpp>
#include <extrema/io/npy.hpp>

using namespace extrema;

int main(int count, char** arguments) try {
  if (count != 4) throw Error{"usage: ", arguments[0], " teacher.safetensors FOLDER features.npy"};
  cpu::Device device;
  const eval::Encoder encoder{device, arguments[1]};
  const auto images =
      data::ImageFolder::open(arguments[2], {.channels = encoder.description().image.channels});
  const eval::Features features = encoder.encode(images);
  io::write_npy<float>(arguments[3], {features.count, features.width}, features.values);

  for (const data::Skipped& skipped : features.skipped)
    std::fprintf(stderr, "skipped: %s\n", skipped.reason.c_str());
  std::printf("%td images, %td features each: %s\n", features.count, features.width, arguments[3]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
