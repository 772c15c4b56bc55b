// SPDX-License-Identifier: MIT
// On a full disk the old file stays, and the reason is said.
#include <doctest/doctest.h>

#include "extrema/io/atomic_file.hpp"
#include "small_disk.hpp"

TEST_CASE("a full disk") {
  const TemporaryFolder folder;
  const SmallDisk disk{folder.path, 65536};
  if (!disk.mounted()) return;
  write_file(folder / "file", "old");
  CHECK(message([&] {
          extrema::io::write_atomically(folder / "file", std::string(100'000, 'x'));
        }) == (folder / "file: cannot write: No space left on device"));
  CHECK(read_file(folder / "file") == "old");
  CHECK(folder.files() == 1);
}
