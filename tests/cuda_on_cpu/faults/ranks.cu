// SPDX-License-Identifier: MIT
// Mistakes with NCCL: two ranks, a host thread each.
#include <thread>

#include "case.hpp"

#if __has_include(<nccl.h>)
#include <nccl.h>

namespace faults {

namespace {

enum class Ranks { right, counts_differ, one_is_missing };

bool all_reduce(Ranks mistake) {
  constexpr int ranks = 2;
  ncclUniqueId id;
  ncclGetUniqueId(&id);
  bool good[ranks] = {};
  const auto rank = [&](int number) {
    cudaSetDevice(number);
    ncclComm_t communicator = nullptr;
    ncclCommInitRank(&communicator, ranks, id, number);
    {
      Device device;
      const Values<float> x{counting(100)};
      const std::size_t count = mistake == Ranks::counts_differ && number == 1 ? 99 : 100;
      if (mistake != Ranks::one_is_missing || number == 0)
        ncclAllReduce(x.data(), x.data(), count, ncclFloat32, ncclSum, communicator,
                      device.stream());
      good[number] = near(x.get(device)[99], 200);
    }
    ncclCommDestroy(communicator);
  };
  std::thread first{rank, 0}, second{rank, 1};
  first.join();
  second.join();
  return good[0] && good[1];
}
bool counts_of_ranks_differ(bool broken) {
  return all_reduce(broken ? Ranks::counts_differ : Ranks::right);
}
bool rank_is_missing(bool broken) {
  return all_reduce(broken ? Ranks::one_is_missing : Ranks::right);
}

}  // namespace

std::vector<Case> of_ranks() {
  return {{"counts_of_ranks_differ", counts_of_ranks_differ}, {"rank_is_missing", rank_is_missing}};
}

}  // namespace faults

#else

namespace faults {
std::vector<Case> of_ranks() { return {}; }
}  // namespace faults

#endif
