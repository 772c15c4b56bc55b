// SPDX-License-Identifier: MIT
// A checkpoint is whole or refused: every flipped bit and every truncation of a small one.
#include "extrema/io/checkpoint.hpp"

#include <doctest/doctest.h>

#include <array>

#include "temporary_folder.hpp"

using namespace extrema;
using namespace extrema::io;

namespace {

const std::array<float, 3> weight{1, 2, 3};
const std::array<std::uint8_t, 5> order{4, 2, 0, 1, 3};

void write_sample(const std::string& path, int epoch = 3) {
  write_checkpoint(
      path,
      std::vector{source("order", {5}, order.data()), source("student/weight", {3}, weight.data())},
      {{"epoch", epoch}, {"seed", 0xFFFFFFFFFFFFFFFFu}, {"rate", 0.1}});
}

}  // namespace

TEST_CASE("tensors and state come back exactly") {
  const TemporaryFolder folder;
  write_sample(folder / "c");
  const Checkpoint checkpoint{folder / "c"};
  CHECK(checkpoint.state().at("epoch") == 3);
  CHECK(checkpoint.state().at("seed") == 0xFFFFFFFFFFFFFFFFu);
  CHECK(checkpoint.state().at("rate") == 0.1);
  std::array<float, 3> read{};
  checkpoint.into("student/weight", std::span<float>{read});
  CHECK(read == weight);
  CHECK(checkpoint.file().tensor("order").as<std::uint8_t>() ==
        std::vector<std::uint8_t>(order.begin(), order.end()));
}

TEST_CASE("every flipped bit, every overwritten byte, every truncation and every addition") {
  const TemporaryFolder folder;
  const std::string path = folder / "c";
  write_sample(path);
  const std::string whole = read_file(path);
  const auto refused = [&](const std::string& bytes) {
    write_file(path, bytes);
    const std::string what = message([&] { Checkpoint{path}; });
    return what.starts_with(path + ": ") && what.find('\n') == what.npos;
  };
  CHECK(!refused(whole));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CAPTURE(i);
    std::string damaged = whole;
    for (int bit = 0; bit < 8; ++bit) {
      damaged[i] = static_cast<char>(whole[i] ^ 1 << bit);
      CHECK(refused(damaged));
    }
    for (const char byte : {'\0', '\xFF', ' ', '"'}) {
      damaged[i] = byte;
      CHECK(refused(damaged) == (byte != whole[i]));
    }
    CHECK(refused(whole.substr(0, i)));
  }
  CHECK(refused(whole + '\0'));
  CHECK(refused(whole + whole));
}

TEST_CASE("what is no checkpoint, or one of a newer version, is refused by name") {
  const TemporaryFolder folder;
  const std::string path = folder / "c";
  write_safetensors(path, std::vector{source("w", {3}, weight.data())});
  CHECK(contains(message([&] { Checkpoint{path}; }), "is not a checkpoint of extrema"));
  write_safetensors(path, {}, {{"extrema_checkpoint", "2"}, {"state", "{}"}});
  CHECK(contains(message([&] { Checkpoint{path}; }),
                 "of format 2, expected 1: it was written by a newer version of extrema"));
  CHECK(contains(message([&] { Checkpoint{EXTREMA_TEST_DATA "/losses.safetensors"}; }),
                 "is not a checkpoint"));
}

TEST_CASE("another architecture is refused with what does not fit") {
  const TemporaryFolder folder;
  write_sample(folder / "c");
  const Checkpoint checkpoint{folder / "c"};
  std::array<float, 4> other{};
  std::vector targets{target("student/weight", {4}, other.data())};
  CHECK(contains(message([&] { load_matching(checkpoint.file(), targets); }),
                 "1 unexpected (order), 1 of another shape (student/weight [3] instead of [4])"));
}
