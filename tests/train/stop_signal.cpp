// SPDX-License-Identifier: MIT
// The first signal asks, the second one ends, whichever of the two they are.
#include "extrema/train/stop_signal.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

using extrema::train::StopSignal;

TEST_CASE("asked once it stops after the step, asked twice at once") {
  for (const auto& [first, second] :
       {std::pair{SIGINT, SIGTERM}, std::pair{SIGTERM, SIGINT}, std::pair{SIGINT, SIGINT}}) {
    const pid_t child = ::fork();
    if (child == 0) {
      const StopSignal stop;
      std::raise(first);
      if (StopSignal::number() != first) ::_exit(1);
      std::raise(second);
      ::_exit(2);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == second);
  }
}

TEST_CASE("what was done on a signal before is done again after") {
  std::signal(SIGINT, SIG_IGN);
  { const StopSignal stop; }
  const bool ignored = std::signal(SIGINT, SIG_DFL) == SIG_IGN;
  CHECK(ignored);
}
