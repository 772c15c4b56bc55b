// SPDX-License-Identifier: MIT
// extrema-parity on every reference file, and on files that are not as they should be.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "extrema/core/text.hpp"

namespace {

namespace fs = std::filesystem;

struct Result {
  int code;
  std::string output;  // and what went to the error stream
};

Result run(const std::string& arguments) {
  const std::string command = EXTREMA_PROGRAMS "/extrema-parity " + arguments + " 2>&1";
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  std::array<char, 4096> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), count);
  const int status = ::pclose(pipe);
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), output};
}

std::string read(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A file of this content, for as long as it lives.
struct Temporary {
  fs::path path;

  explicit Temporary(const std::string& bytes)
      : path{fs::temp_directory_path() /
             extrema::text("extrema-parity-", static_cast<long>(::getpid()), ".safetensors")} {
    std::ofstream{path, std::ios::binary} << bytes;
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() { fs::remove(path); }
};

std::string reference(const std::string& name) {
  return EXTREMA_TEST_DATA "/" + name + ".safetensors";
}

/// A safetensors file without tensors, of this metadata.
std::string empty_file(const std::string& metadata) {
  const std::string header = R"({"__metadata__":)" + metadata + "}";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  return bytes + header;
}

bool is_one_line(const std::string& output) {
  return !output.empty() && output.find('\n') == output.size() - 1;
}

}  // namespace

#ifdef EXTREMA_HAS_ONEDNN
const char* const modes[] = {"", "--precision fp32", "--precision fp32 --products onednn"};
#else
const char* const modes[] = {"", "--precision fp32"};
#endif

/// One step of InfoNCE enlarges the rounding of the targets tenfold (docs/parity.md): whether its
/// gradients meet their tolerance in float is the compiler's choice of instructions.
bool left_to_rounding(const std::string& mode, const fs::path& file) {
  return !mode.empty() && file.stem() == "extrema_infonce_step";
}

TEST_CASE("every reference file holds in double, and in float but where rounding decides") {
  int files = 0;
  for (const auto& entry : fs::directory_iterator{EXTREMA_TEST_DATA}) {
    if (entry.path().extension() != ".safetensors") continue;
    ++files;
    for (const std::string mode : modes) {
      if (left_to_rounding(mode, entry.path())) continue;
      const Result result = run(mode + " " + entry.path().string());
      INFO(result.output);
      CHECK(result.code == 0);
      CHECK(result.output.find("not compared") == std::string::npos);
    }
  }
  CHECK(files >= 9);
}

TEST_CASE("a number that is off is found, whichever it is") {
  const std::string good = read(reference("vit_forward"));
  std::size_t found = 0;
  for (const std::size_t from_end : {4u, 40'000u, 400'000u}) {  // of gradients and outputs
    std::string bad = good;
    bad[bad.size() - from_end + 3] = static_cast<char>(bad[bad.size() - from_end + 3] ^ 0x40);
    const Temporary file{bad};
    const Result result = run(file.path.string());
    INFO(result.output);
    CHECK(result.code == 1);
    found += result.output.find("EXCEEDED") != std::string::npos;
  }
  CHECK(found == 3);
}

TEST_CASE("an unknown kind is named") {
  const Temporary file{empty_file(R"({"kind":"seance"})")};
  const Result result = run(file.path.string());
  CHECK(result.code == 1);
  CHECK(result.output.find("`seance` is not known") != std::string::npos);
  CHECK(is_one_line(result.output));
}

TEST_CASE("one unknown file does not hide the others") {
  const Temporary file{empty_file(R"({"kind":"seance"})")};
  const Result result = run(file.path.string() + " " + reference("pos_embed"));
  CHECK(result.code == 1);
  CHECK(result.output.find("  holds\n") != std::string::npos);
}

TEST_CASE("files that are missing or broken, and bad options: one line, exit 2") {
  const std::string good = read(reference("losses"));
  const auto check = [](const std::string& arguments, const std::string& phrase) {
    const Result result = run(arguments);
    INFO(result.output);
    CHECK(result.code == 2);
    CHECK(is_one_line(result.output));
    CHECK(result.output.find(phrase) != std::string::npos);
  };
  check("/nowhere/at.all", "/nowhere/at.all");
  {
    const Temporary file{good.substr(0, good.size() - 100)};
    check(file.path.string(), "truncated");
  }
  {
    const Temporary file{good.substr(0, 5)};
    check(file.path.string(), "not a safetensors file");
  }
  {
    const Temporary file{empty_file(R"({"format":"pt"})")};
    check(file.path.string(), "no `kind`");
  }
  check("--precision fp8 " + reference("losses"), "--precision");
  check("--frobnicate " + reference("losses"), "frobnicate");
}

TEST_CASE("metadata that does not describe the file: one line, exit 2") {
  std::string bytes = read(reference("vit_forward"));
  const std::string from = R"(\"embed_dim\": 48)", to = R"(\"embed_dim\": 96)";
  const auto at = bytes.find(from);
  REQUIRE(at != bytes.npos);
  bytes.replace(at, from.size(), to);
  const Temporary file{bytes};
  const Result result = run(file.path.string());
  INFO(result.output);
  CHECK(result.code == 2);
  CHECK(result.output.find("in the model that its metadata describes") != std::string::npos);
}
