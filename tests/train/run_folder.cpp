// SPDX-License-Identifier: MIT
// A run's folder is its own, and clean.
#include "extrema/train/run_folder.hpp"

#include <doctest/doctest.h>

#include "../io/temporary_folder.hpp"

using namespace extrema;

TEST_CASE("made, held, and cleared of what a killed run left") {
  const TemporaryFolder folder;
  write_file(folder / "checkpoint.safetensors.12345678.extrema-tmp", "half");
  write_file(folder / "checkpoint.safetensors", "whole");
  const train::RunFolder run{folder.path};
  CHECK(folder.files() == 2);  // the checkpoint and the lock
  CHECK(run / "checkpoint.safetensors" == folder / "checkpoint.safetensors");
  CHECK(contains(message([&] { train::RunFolder{folder.path}; }), "is in use by process"));
}
