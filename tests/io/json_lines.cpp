// SPDX-License-Identifier: MIT
// Lines are whole after a kill, and cut where a run resumes.
#include "extrema/io/json_lines.hpp"

#include <doctest/doctest.h>

#include "temporary_folder.hpp"

using namespace extrema;
using namespace extrema::io;

TEST_CASE("lines are appended and read back in order, numbers exactly") {
  const TemporaryFolder folder;
  const std::string path = folder / "metrics.jsonl";
  {
    JsonLines lines{path, 0};
    lines.write({{"step", 1}, {"loss", 0.1}});
    CHECK(read_file(path) == "{\"step\":1,\"loss\":0.1}\n");
    lines.write({{"step", 2}, {"loss", 1.0 / 3}});
  }
  const auto lines = read_json_lines(path);
  REQUIRE(lines.size() == 2);
  CHECK(lines[1]["loss"] == 1.0 / 3);
  CHECK(contains(message([&] {
                   JsonLines{folder / "none/x", 0};
                 }),
                 "x: cannot be opened: No such"));
}

TEST_CASE("resuming cuts at the first later step, and a line that was half written") {
  const TemporaryFolder folder;
  const std::string path = folder / "m";
  const std::string one = "{\"step\":10}\n", note = "{\"note\":\"no step\"}\n",
                    two = "{\"step\":20}\n", three = "{\"step\":30}\n";
  const auto kept = [&](const std::string& content, Index last_step) {
    write_file(path, content);
    JsonLines lines{path, last_step};
    return read_file(path);
  };
  CHECK(kept(one + note + two + three, 20) == one + note + two);
  CHECK(kept(one + note + two + three, 29) == one + note + two);
  CHECK(kept(one + three + two, 20) == one);
  CHECK(kept(one + two, 100) == one + two);
  CHECK(kept(one + two, 0) == "");
  CHECK(kept(one + "{\"step\":20", 100) == one);
  CHECK(kept(one + "{\"step\":2\n", 100) == one);
  CHECK(kept(one + std::string(20, '\0'), 100) == one);
  CHECK(kept(one + "damaged\n" + two, 100) == one + "damaged\n" + two);
  CHECK(kept("", 100) == "");
  write_file(path, one + "damaged\n" + two + "{\"st");
  CHECK(read_json_lines(path).size() == 2);
}
