// SPDX-License-Identifier: MIT
// How much memory a control group leaves.
#include "../../examples/pretrain/memory.hpp"

#include <doctest/doctest.h>

#include "../data/files.hpp"

TEST_CASE("a group leaves its limit, less what it needs; a group above it may leave less") {
  const TemporaryFolder folder;
  const auto group = [&](const std::string& path, const std::string& limit,
                         const std::string& taken, const std::string& files) {
    write_below(folder / path + "/limit", limit + "\n");
    write_below(folder / path + "/taken", taken + "\n");
    write_below(folder / path + "/memory.stat", "anon 7\nread " + files + "\nother 9\n");
  };
  const pretrain::detail::GroupFiles files{folder.path, "limit", "taken", "read"};
  group("a/b", "1000", "700", "300");
  CHECK(pretrain::detail::free_in_group(files, "/a/b") == 600);
  group("a", "500", "450", "40");
  CHECK(pretrain::detail::free_in_group(files, "/a/b") == 90);
  group("a", "max", "450", "40");  // there is none
  CHECK(pretrain::detail::free_in_group(files, "/a/b") == 600);
  CHECK(pretrain::detail::free_in_group(files, "/elsewhere") ==
        std::numeric_limits<double>::infinity());
  group("a/b", "1000", "1700", "300");
  CHECK(pretrain::detail::free_in_group(files, "/a/b") == 0);
  CHECK(pretrain::free_memory() > 0);
}
