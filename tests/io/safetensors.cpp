// SPDX-License-Identifier: MIT
// Files written and read back, a file of another program, and files that are not as they should be.
#include "extrema/io/safetensors.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "extrema/io/load_matching.hpp"
#include "extrema/io/write_safetensors.hpp"
#include "temporary_folder.hpp"

using namespace extrema;
using namespace extrema::io;

namespace {

/// A file of this header and so many bytes of data.
std::string raw(const std::string& header, std::size_t data) {
  const std::uint64_t size = header.size();
  return std::string{reinterpret_cast<const char*>(&size), 8} + header + std::string(data, 'x');
}

std::string refusal(const TemporaryFolder& folder, const std::string& bytes) {
  const std::string path = folder / "bad.safetensors";
  write_file(path, bytes);
  const std::string what = message([&] { Safetensors{path}; });
  CHECK((what.empty() || what.starts_with(path + ": ")));
  CHECK(what.find('\n') == what.npos);
  return what;
}

}  // namespace

TEST_CASE("what is written is read back, of every type, aligned, with metadata") {
  const TemporaryFolder folder;
  const std::array<float, 6> weight{1, -2.5f, 3e-30f, INFINITY, -0.0f, 7};
  const std::array<double, 2> precise{1.0 / 3, -1e300};
  const std::array<std::uint8_t, 3> bytes{0, 7, 255};
  const std::array<std::int64_t, 2> wide{-5, std::int64_t{1} << 40};
  const std::array<bfloat16, 2> half{bfloat16{1.5f}, bfloat16{-3.0f}};
  const std::vector<TensorSource> sources{
      source("bytes", {3}, bytes.data()),    source("a.weight", {2, 3}, weight.data()),
      source("half", {2}, half.data()),      source("empty", {0, 4}, weight.data()),
      source("scalar", {}, weight.data()),   source("wide", {2, 1}, wide.data()),
      source("precise", {2}, precise.data())};
  write_safetensors(folder / "w.safetensors", sources, {{"note", "quotes \" and\nlines"}});

  const Safetensors file{folder / "w.safetensors"};
  CHECK(file.metadata().at("note") == "quotes \" and\nlines");
  CHECK(file.has_checksum());
  REQUIRE(file.tensors().size() == sources.size());
  for (const auto& expected : sources) {
    const auto& tensor = file.tensor(expected.name);
    CAPTURE(expected.name);
    CHECK(tensor.dtype() == expected.dtype);
    CHECK(tensor.shape() == expected.shape);
    CHECK(tensor.bytes() ==
          std::string_view{static_cast<const char*>(expected.data), expected.bytes()});
    const auto address = reinterpret_cast<std::uintptr_t>(tensor.bytes().data());
    CHECK(address % size_of(tensor.dtype()) == 0);
  }
  CHECK(file.tensor("a.weight").as<double>() == std::vector<double>(weight.begin(), weight.end()));
  CHECK(file.tensor("half").as<float>() == std::vector<float>{1.5f, -3});
  CHECK(file.tensor("bytes").as<std::int64_t>() == std::vector<std::int64_t>{0, 7, 255});
  CHECK(file.tensor("scalar").as<float>() == std::vector<float>{1});
  CHECK(file.tensor("empty").as<float>().empty());
  CHECK(contains(message([&] { file.tensor("b"); }), "has no tensor \"b\" among its 7"));
  CHECK(contains(message([&] { file.tensor("wide").as<std::int32_t>(); }),
                 "tensor \"wide\" holds 1099511627776, which does not fit in I32"));
  CHECK(contains(message([&] { file.tensor("wide").as<float>(); }),
                 "holds I64, expected floating numbers"));
  std::array<float, 5> five{};
  CHECK(contains(message([&] { file.tensor("a.weight").copy_to(std::span<float>{five}); }),
                 "of shape [2, 3] has 6 elements, not the 5 asked for"));
}

TEST_CASE("half precision reads as IEEE says") {
  const auto value = [](unsigned bits) {
    return static_cast<float>(float16::from_bits(static_cast<std::uint16_t>(bits)));
  };
  CHECK(value(0x3C00) == 1);
  CHECK(value(0xC000) == -2);
  CHECK(value(0x7BFF) == 65504);
  CHECK(value(0x0001) == 0x1p-24f);
  CHECK(value(0x03FF) == 1023 * 0x1p-24f);
  CHECK(value(0x7C00) == INFINITY);
  CHECK(std::isnan(value(0x7E00)));
  CHECK(std::signbit(value(0x8000)));
}

TEST_CASE("a file of PyTorch's own writer is read, without a checksum") {
  const Safetensors file{EXTREMA_TEST_DATA "/vit_forward.safetensors"};
  CHECK(!file.has_checksum());
  CHECK(file.metadata().at("kind") == "vit_forward");
  CHECK(file.tensor("param/cls_token").shape() == Shape{1, 1, 48});
  CHECK(file.tensor("param/cls_token").as<float>().size() == 48);
}

TEST_CASE("a writer that is given nonsense says so and writes nothing") {
  const TemporaryFolder folder;
  const float x = 0;
  const std::vector twice{source("x", {1}, &x), source("x", {1}, &x)};
  const std::string path = folder / "w.safetensors";
  CHECK(contains(message([&] { write_safetensors(path, twice); }), "two tensors are named \"x\""));
  CHECK(contains(message([&] { write_safetensors(path, {}, {{"crc32c", ""}}); }), "crc32c"));
  CHECK(folder.files() == 0);
}

TEST_CASE("a file that is not as it should be is refused with one line") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& header, std::size_t data, const char* why) {
    CAPTURE(header);
    const std::string what = refusal(folder, raw(header, data));
    CAPTURE(what);
    CHECK(contains(what, why));
  };
  CHECK(
      contains(message([&] { Safetensors{folder / "none"}; }), "none: cannot be opened: No such"));
  CHECK(contains(message([&] { Safetensors{folder.path}; }), "found a folder"));
  CHECK(contains(refusal(folder, ""), "has 0 bytes"));
  CHECK(contains(refusal(folder, "1234567"), "has 7 bytes"));
  CHECK(contains(refusal(folder, "PK\3\4zipfile."), "no header's size"));
  CHECK(contains(refusal(folder, raw(std::string(50, ' '), 0).substr(0, 40)), "truncated"));
  refused("", 0, "no JSON at offset");
  refused("{\"a\":", 0, "no JSON at offset 13");
  refused(std::string(100000, '['), 0, "no JSON");
  refused("[]", 0, "not a JSON object");
  refused(R"({"__metadata__":{"a":1}})", 0, "not an object of strings");
  refused(R"({"a":3})", 0, "tensor \"a\": expected a dtype");
  refused(R"({"a":{"dtype":"F32","shape":[1]}})", 4, "expected a dtype, a shape and data_offsets");
  refused(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "expected a dtype");
  refused(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4, "expected a dtype");
  refused(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1, "F8_E4M3");
  refused(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
          "overflows");
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "the 8 bytes of F32 [2]");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "data_offsets");
  refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", 8, "data_offsets");
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7,
          "truncated: its data ends at byte 8, the file's at 7");
  refused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 2, "1 bytes more");
  refused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "begins at 1");
  refused(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
          R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
          3, "begins at 1 of the data, where the one before ends at 2");
  refused(R"({"__metadata__":{"crc32c":"00000000"}})", 0, "damaged");
  refused(R"({"__metadata__":{"crc32c":""}})", 0, "damaged");
}

TEST_CASE("all weights find their places, or nothing is loaded and the error lists why") {
  const TemporaryFolder folder;
  const std::array<float, 4> values{1, 2, 3, 4};
  std::vector<TensorSource> sources;
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    sources.push_back(source(name, {2, 2}, values.data()));
  const std::string path = folder / "w.safetensors";
  write_safetensors(path, sources);
  const Safetensors file{path};

  std::vector<std::array<double, 4>> places(6);
  std::vector<TensorTarget> targets;
  for (std::size_t i = 0; i < 6; ++i)
    targets.push_back(target(sources[i].name, {2, 2}, places[i].data()));
  CHECK(load_matching(file, targets).empty());
  CHECK(places[5] == std::array<double, 4>{1, 2, 3, 4});

  places.assign(6, {});
  targets[0].shape = {4};
  targets[1].name = "B";
  const std::string what = message([&] { load_matching(file, targets); });
  CHECK(what == path +
                    ": does not fit this model of 6 tensors: 1 missing (B), 1 unexpected (b), "
                    "1 of another shape (a [2, 2] instead of [4])");
  CHECK(places[5] == std::array<double, 4>{});
  CHECK(contains(message([&] { load_matching(file, std::span{targets}.first(1)); }),
                 "5 unexpected (b, c, d, e, ...)"));

  const auto unmatched = load_matching(file, targets, Matching::any);
  CHECK(unmatched.missing == std::vector<std::string>{"B"});
  CHECK(places[5] == std::array<double, 4>{1, 2, 3, 4});
  CHECK(places[0] == std::array<double, 4>{});
  CHECK(load_matching(file, std::span{targets}.last(2), Matching::targets).unexpected.size() == 4);
  CHECK(!message([&] { load_matching(file, targets, Matching::targets); }).empty());
}
