// SPDX-License-Identifier: MIT
// CIFAR's binary files.
#include "extrema/data/cifar.hpp"

#include <doctest/doctest.h>

#include <string>

#include "files.hpp"

using namespace extrema;
using data::Cifar;

namespace {

/// Red, green and blue planes of one value each.
std::string record(const std::string& labels, int number) {
  std::string bytes = labels;
  for (int c = 0; c < 3; ++c) bytes += std::string(1024, static_cast<char>(10 * number + c));
  return bytes;
}

}  // namespace

TEST_CASE("CIFAR-10: five files of training images and one of test images") {
  const TemporaryFolder folder;
  const std::string below = folder / "cifar-10-batches-bin";
  for (int i = 1; i <= 5; ++i)
    write_below(below + "/data_batch_" + std::to_string(i) + ".bin",
                record("\1", 2 * i) + record("\3", 2 * i + 1));
  write_below(below + "/test_batch.bin", record("\5", 0));
  write_below(below + "/batches.meta.txt", "airplane\nautomobile\n\n");
  const auto train = Cifar::open(folder.path);
  CHECK(train.size() == 10);
  CHECK(train.num_classes() == 10);
  CHECK(train.class_names().size() == 2);
  CHECK(train.extent() == ImageExtent{3, 32, 32});
  CHECK(train.label(2) == 1);
  CHECK(train.name(3) == "#1 of " + below + "/data_batch_2.bin");
  const data::ImageView image = train.reader().read(3, whole);
  CHECK(image.pixels[0] == 50);
  CHECK(image.pixels[1] == 51);
  CHECK(image.pixels[3071] == 52);
  CHECK(Cifar::open(below, {.split = data::Split::test}).label(0) == 5);

  const std::string third = below + "/data_batch_3.bin";
  const auto complaint = [&](const std::string& bytes) {
    write_file(third, bytes);
    return message([&] { Cifar::open(folder.path); });
  };
  CHECK(complaint("") == "Cifar: " + third + ": expected records of 3073 bytes, found 0 bytes");
  CHECK(complaint(record("\1", 1) + "x") ==
        "Cifar: " + third + ": expected records of 3073 bytes, found 3074 bytes");
  CHECK(complaint(record("\1", 1) + record("\12", 1)) ==
        "Cifar: " + third + ": expected labels below 10, found 10 in record 1");
  std::filesystem::remove(third);
  CHECK(contains(message([&] { Cifar::open(folder.path); }), third + ": cannot be opened"));
}

TEST_CASE("CIFAR-100: the fine label counts") {
  const TemporaryFolder folder;
  write_file(folder / "train.bin", record("\1\143", 1));
  write_file(folder / "test.bin", record("\1\2", 1));
  const auto train = Cifar::open(folder.path);
  CHECK(train.num_classes() == 100);
  CHECK(train.label(0) == 99);
  CHECK(train.class_names().empty());
  CHECK(Cifar::open(folder.path, {.split = data::Split::test}).label(0) == 2);
  CHECK(contains(message([&] { Cifar::open(folder.path, {.classes = 10}); }),
                 "expected data_batch_1.bin"));
  CHECK(contains(message([&] { Cifar::open(folder.path, {.classes = 11}); }),
                 "expected classes 10 or 100, found 11"));
  CHECK(contains(message([&] { Cifar::open(folder / "none"); }), "expected data_batch_1.bin"));
}
