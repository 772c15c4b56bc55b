// SPDX-License-Identifier: MIT
// The records of an event file, taken apart as their formats say.
#include "extrema/io/tensorboard.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cstring>
#include <vector>

#include "temporary_folder.hpp"

using namespace extrema;
using namespace extrema::io;

namespace {

template <class T>
T at(const std::string& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.substr(offset, sizeof value).data(), sizeof value);
  return value;
}

bool checksum_fits(std::uint32_t masked, const std::string& data) {
  return std::rotl(masked - 0xA282EAD8u, 15) == crc32c(data);
}

std::vector<std::string> records(const std::string& path) {
  std::vector<std::string> result;
  std::string rest = read_file(path);
  while (!rest.empty()) {
    const auto size = at<std::uint64_t>(rest, 0);
    REQUIRE(rest.size() >= 16 + size);
    CHECK(checksum_fits(at<std::uint32_t>(rest, 8), rest.substr(0, 8)));
    result.push_back(rest.substr(12, size));
    CHECK(checksum_fits(at<std::uint32_t>(rest, 12 + size), result.back()));
    rest = rest.substr(16 + size);
  }
  return result;
}

}  // namespace

TEST_CASE("a file opens with its version and a session, then holds scalars") {
  const TemporaryFolder folder;
  EventFile events{folder.path, 300};
  events.scalar("loss", 301, 0.25);
  const auto found = records(events.path());
  REQUIRE(found.size() == 3);
  for (const auto& record : found) {
    CHECK(record[0] == 0x09);  // field 1, 8 bytes: the time
    CHECK(at<double>(record, 1) > 1.7e9);
    CHECK(record[9] == 0x10);  // field 2, a number: the step
  }
  CHECK(found[0].substr(10) == std::string{"\0\x1A\x0D"
                                           "brain.Event:2",
                                           16});
  // 301 = 0b10'0101101; field 7 holds {field 1: START}: steps from 301 on are forgotten
  CHECK(found[1].substr(10) == "\xAD\x02\x3A\x02\x08\x01");
  // field 5 holds {field 1: {field 1: tag, field 2: a float}}
  CHECK(found[2].substr(10) ==
        std::string{"\xAD\x02\x2A\x0D\x0A\x0B\x0A\x04loss\x15\0\0\x80\x3E", 17});
}

TEST_CASE("each file sorts behind those that are there") {
  const TemporaryFolder folder;
  write_file(folder / "events.out.tfevents.5000000000.host", "");
  const EventFile first{folder.path, 0}, second{folder.path, 10};
  CHECK(contains(first.path(), ".5000000001.extrema."));
  CHECK(contains(second.path(), ".5000000002.extrema."));
  CHECK(contains(message([&] { EventFile{folder / "none", 0}; }), "cannot be read"));
}
