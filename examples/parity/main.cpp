// SPDX-License-Identifier: MIT
// extrema-parity: compares the library with reference data of the official code, file by file.
// Exit code 0: all hold; 1: some do not, or are of an unknown kind; 2: bad usage or a bad file.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iterator>

#include "cases.hpp"

namespace {

using namespace parity;

/// The exit code of one file.
int check(const std::string& path, const Settings& settings) {
  const Reference reference{path};
  const auto known = std::ranges::find(cases, reference.kind(), &Case::kind);
  if (known == std::end(cases)) {
    std::fflush(stdout);
    std::fprintf(stderr, "extrema-parity: %s: the kind `%s` is not known; known are:", path.c_str(),
                 reference.kind().c_str());
    for (const Case& c : cases) std::fprintf(stderr, " %s", std::string{c.kind}.c_str());
    std::fprintf(stderr, "\n");
    return 1;
  }
  std::printf("%s: %s in %s\n", path.c_str(), reference.kind().c_str(), settings.precision.c_str());
  Report report{reference, settings.verbose};
  try {
    if (settings.device == "cuda" && known->run_on_cuda) known->run_on_cuda(report);
    else known->run(report, settings);
  } catch (const nlohmann::json::exception& error) {
    throw Error{path, ": its metadata is not as expected: ", error.what()};
  }
  return report.print() ? 0 : 1;
}

/// On a GPU fp32 is the only format; what was not asked for is set.
void require_device(Settings& settings, bool precision_is_asked) {
  if (settings.device == "cuda") {
    if (precision_is_asked && settings.precision != "fp32")
      throw Error{"--precision ", settings.precision, ": on a GPU it is fp32"};
    settings.precision = "fp32";
    on_cuda::require();
  } else if (settings.precision == "fp64" && settings.products == "onednn") {
    throw Error{"oneDNN does not multiply in fp64: add --precision fp32"};
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Compares extrema with reference data of the official code."};
  std::vector<std::string> files;
  Settings settings;
  app.add_option("files", files, "Reference files (safetensors, see docs/parity.md)")->required();
  app.add_option("--device", settings.device, "Where to compute: cpu, or cuda in fp32")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  auto* const precision =
      app.add_option("--precision", settings.precision,
                     "In which format: fp64, where only the reference is rounded, or fp32")
          ->check(CLI::IsMember({"fp64", "fp32"}))
          ->capture_default_str();
  app.add_option("--products", settings.products,
                 "By which engine matrices are multiplied: eigen, or onednn in fp32")
#ifdef EXTREMA_HAS_ONEDNN
      ->check(CLI::IsMember({"eigen", "onednn"}))
#else
      ->check(CLI::IsMember({"eigen"}))
#endif
      ->capture_default_str();
  app.add_flag("--verbose", settings.verbose, "Print the deviation of each tensor");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "extrema-parity: %s\n", error.what());
    return 2;
  }
  try {
    require_device(settings, precision->count() > 0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "extrema-parity: %s\n", error.what());
    return 2;
  }

  int code = 0;
  for (const std::string& file : files) {
    try {
      code = std::max(code, check(file, settings));
    } catch (const std::exception& error) {
      std::fflush(stdout);
      std::fprintf(stderr, "extrema-parity: %s\n", error.what());
      code = 2;
    }
  }
  return code;
}
