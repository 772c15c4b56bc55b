// SPDX-License-Identifier: MIT
// extrema-pretrain on a disk that has no room for another checkpoint.
#include <doctest/doctest.h>

#include "../io/small_disk.hpp"
#include "stage.hpp"

TEST_CASE("a full disk costs no checkpoint") {
  const Stage stage;
  const Arguments arguments = prepare(stage, true);
  std::uintmax_t size = 0;
  for (const auto& entry : fs::directory_iterator{stage.out}) size += entry.file_size();
  fs::rename(stage.out, stage.folder / "kept");
  fs::create_directory(stage.out);
  const SmallDisk disk{stage.out, size + size / 5};
  if (!disk.mounted()) return;
  for (const auto& entry : fs::directory_iterator{stage.folder / "kept"})
    fs::copy_file(entry.path(), fs::path{stage.out} / entry.path().filename());
  const std::string kept = survivors(stage.out, false);
  const Outcome outcome = run(stage, arguments);
  CAPTURE(outcome.said);
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.said, "checkpoint.safetensors: "));
  CHECK(contains(outcome.said, "No space left on device"));
  CHECK(lines_of_error(outcome.said) == 1);
  CHECK(survivors(stage.out, false) == kept);
}
