// SPDX-License-Identifier: MIT
// One process at a time holds a folder; a dead one holds none.
#include "extrema/io/folder_lock.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <csignal>
#include <optional>

#include "temporary_folder.hpp"

using namespace extrema;
using namespace extrema::io;

TEST_CASE("a folder is made, held, and let go") {
  const TemporaryFolder folder;
  const std::string path = folder / "runs/first";
  std::optional<FolderLock> lock{path};
  CHECK(message([&] { FolderLock{path}; }) ==
        text(path, ": is in use by process ", ::getpid(),
             "; wait for it to end, or choose another folder"));
  lock.reset();
  CHECK(message([&] { FolderLock{path}; }) == "");
  write_file(folder / "file", "");
  CHECK(contains(message([&] { FolderLock{folder / "file"}; }), "found a file of this name"));
  CHECK(contains(message([&] { FolderLock{folder / "file/sub"}; }), "found a file of this name"));
}

TEST_CASE("a killed process holds nothing, and is named while it lives") {
  const TemporaryFolder folder;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock{folder.path};
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(
      contains(message([&] { FolderLock{folder.path}; }), text("in use by process ", child, ";")));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(message([&] { FolderLock{folder.path}; }) == "");
}

TEST_CASE("without the right to write there, one line says so") {
  const TemporaryFolder folder;
  CHECK(::chmod(folder.path.c_str(), 0555) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(1);
    const bool there = message([&] { FolderLock{folder.path}; }) ==
                       folder.path + ": cannot be written to: Permission denied";
    const bool below = message([&] { FolderLock{folder / "a/b"}; }) ==
                       (folder / "a: the folder cannot be made: Permission denied");
    ::_exit(there && below ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(::chmod(folder.path.c_str(), 0755) == 0);
}
