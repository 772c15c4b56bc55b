// SPDX-License-Identifier: MIT
// The old file or the new one, never less: missing rights, limits, kills.
#include "extrema/io/atomic_file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "temporary_folder.hpp"

using namespace extrema;
using namespace extrema::io;

namespace {

/// Runs `f` in a child process: true if it ended well.
bool in_child(auto&& f) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(f() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("a file appears at the commit, and replaces the old one") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  for (const std::string content : {"first", "second"}) {
    const std::string before = read_file(path);
    AtomicFile file{path};
    file.write("");
    file.write(content.data(), 2);
    file.write(content.substr(2));
    CHECK(read_file(path) == before);
    file.commit();
    CHECK(read_file(path) == content);
  }
  CHECK(folder.files() == 1);
  { AtomicFile{path}.write("lost"); }
  CHECK(read_file(path) == "second");
  CHECK(folder.files() == 1);
}

TEST_CASE("a bare name stands in the working folder") {
  CHECK(folder_of("file") == ".");
  CHECK(folder_of("/file") == "/");
  CHECK(folder_of("a/b/file") == "a/b");
}

TEST_CASE("a folder that is missing, or is a file") {
  const TemporaryFolder folder;
  CHECK(message([&] { AtomicFile{folder / "none/file"}; }) ==
        (folder / "none/file: cannot be created: No such file or directory"));
  write_file(folder / "file", "");
  CHECK(contains(message([&] { AtomicFile{folder / "file/x"}; }), "Not a directory"));
  CHECK(::mkdir((folder / "sub").c_str(), 0777) == 0);
  CHECK(contains(message([&] { write_atomically(folder / "sub", "x"); }), "cannot be replaced: "));
  CHECK(folder.files() == 2);
  CHECK(contains(message([&] { remove_stale_temporaries(folder / "none"); }), "cannot be read"));
}

TEST_CASE("without the right to write") {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  CHECK(::chmod(folder.path.c_str(), 0555) == 0);
  CHECK(in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return false;
    return contains(message([&] { write_atomically(folder / "file", "new"); }),
                    "file: cannot be created: Permission denied");
  }));
  CHECK(::chmod(folder.path.c_str(), 0755) == 0);
  CHECK(read_file(folder / "file") == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("a file beyond the size that is allowed") {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  CHECK(in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    return contains(message([&] { write_atomically(folder / "file", std::string(5000, 'x')); }),
                    "file: cannot write: File too large");
  }));
  CHECK(read_file(folder / "file") == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("a writer that is killed at any moment leaves one whole file") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  const std::string a(300'000, 'a'), b(200'000, 'b');
  write_atomically(path, a);
  for (int kill = 0; kill < 20; ++kill) {
    const pid_t child = ::fork();
    if (child == 0)
      for (;;) {
        write_atomically(path, b);
        write_atomically(path, a);
      }
    ::usleep(static_cast<useconds_t>(500 + 791 * kill));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string content = read_file(path);
    CHECK((content == a || content == b));
  }
  const auto left = folder.files() - 1;
  CHECK(remove_stale_temporaries(folder.path) == left);
  CHECK(folder.files() == 1);
}

TEST_CASE("only temporaries that nobody writes are removed") {
  const TemporaryFolder folder;
  write_file(folder / "file.0123abcd.extrema-tmp", "left by a killed process");
  write_file(folder / "file.tmp", "not ours");
  AtomicFile living{folder / "other"};
  CHECK(remove_stale_temporaries(folder.path) == 1);
  living.commit();
  CHECK(read_file(folder / "file.tmp") == "not ours");
  CHECK(folder.files() == 2);
}
