// SPDX-License-Identifier: MIT
// NCCL between ranks of one process, a host thread each: a collective runs when it stands at the
// head of a queue of every rank.
#include <cuda_bf16.h>
#include <nccl.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <vector>

#include "failure.hpp"
#include "memory.hpp"
#include "queues.hpp"
#include "settings.hpp"

namespace {

enum class Kind { all_reduce, all_gather, reduce_scatter, broadcast };

/// What all ranks have to agree on.
struct Collective {
  Kind kind;
  std::size_t count;
  ncclDataType_t type;
  ncclRedOp_t reduction = ncclSum;
  int root = 0;
  bool operator==(const Collective&) const = default;
};

struct Buffers {
  const void* in = nullptr;
  void* out = nullptr;
  bool here = false;
};

/// A collective that some ranks have come to.
struct Meeting {
  Collective what;
  std::vector<Buffers> of_rank;
  std::size_t arrived = 0, left = 0;
  bool done = false;
};

struct World {
  std::size_t ranks;
  std::map<std::uint64_t, Meeting> meetings{};  // by their number
};

std::map<std::uint64_t, std::shared_ptr<World>> worlds;

std::size_t size_of(ncclDataType_t type) {
  switch (type) {
    case ncclFloat64:
    case ncclInt64:
      return 8;
    case ncclFloat32:
    case ncclInt32:
      return 4;
    case ncclBfloat16:
      return 2;
    case ncclUint8:
      return 1;
    default:
      emulator::fail("NCCL: this type of data is not emulated");
  }
}

template <class T>
T combine(ncclRedOp_t reduction, T a, T b) {
  if (reduction == ncclMax) return std::max(a, b);
  if (reduction == ncclMin) return std::min(a, b);
  return a + b;
}

/// Elements [first, first + count) of all ranks, in an order of ranks that nobody is promised. `T`
/// is how they are stored, `Sum` what they are added in.
template <class T, class Sum>
void reduce_as(const Meeting& meeting, std::size_t first, std::size_t count, char* out,
               const std::vector<std::size_t>& ranks) {
  const auto value = [&](std::size_t rank, std::size_t i) {
    return static_cast<Sum>(static_cast<const T*>(meeting.of_rank[rank].in)[first + i]);
  };
  for (std::size_t i = 0; i < count; ++i) {
    Sum result = value(ranks[0], i);
    for (std::size_t k = 1; k < ranks.size(); ++k)
      result = combine(meeting.what.reduction, result, value(ranks[k], i));
    if (meeting.what.reduction == ncclAvg) result /= static_cast<Sum>(ranks.size());
    reinterpret_cast<T*>(out)[i] = static_cast<T>(result);
  }
}

void reduce(const Meeting& meeting, std::size_t first, std::size_t count, std::vector<char>& out,
            const std::vector<std::size_t>& ranks) {
  switch (meeting.what.type) {
    case ncclFloat32:
      return reduce_as<float, float>(meeting, first, count, out.data(), ranks);
    case ncclFloat64:
      return reduce_as<double, double>(meeting, first, count, out.data(), ranks);
    case ncclBfloat16:
      return reduce_as<__nv_bfloat16, float>(meeting, first, count, out.data(), ranks);
    case ncclInt32:
      return reduce_as<int, int>(meeting, first, count, out.data(), ranks);
    case ncclInt64:
      return reduce_as<long long, long long>(meeting, first, count, out.data(), ranks);
    default:
      emulator::fail("NCCL: sums of this type are not emulated");
  }
}

std::vector<char> result_of(const Meeting& meeting, std::size_t rank,
                            const std::vector<std::size_t>& order) {
  const Collective& what = meeting.what;
  const std::size_t bytes = what.count * size_of(what.type), ranks = order.size();
  std::vector<char> out(what.kind == Kind::all_gather ? ranks * bytes : bytes);
  switch (what.kind) {
    case Kind::all_reduce:
      reduce(meeting, 0, what.count, out, order);
      break;
    case Kind::reduce_scatter:
      reduce(meeting, rank * what.count, what.count, out, order);
      break;
    case Kind::broadcast:
      std::memcpy(out.data(), meeting.of_rank[static_cast<std::size_t>(what.root)].in, bytes);
      break;
    case Kind::all_gather:
      for (std::size_t r = 0; r < ranks; ++r)
        std::memcpy(out.data() + r * bytes, meeting.of_rank[r].in, bytes);
  }
  return out;
}

/// All results first, as outputs may be inputs too.
void finish(Meeting& meeting) {
  const emulator::DeviceAccess open;
  std::vector<std::size_t> order(meeting.of_rank.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[emulator::random_below(i)]);
  std::vector<std::vector<char>> results;
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    results.push_back(result_of(meeting, rank, order));
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    std::memcpy(meeting.of_rank[rank].out, results[rank].data(), results[rank].size());
  meeting.done = true;
}

}  // namespace

struct ncclComm {
  std::shared_ptr<World> world;
  std::size_t rank;
  std::uint64_t meetings = 0;  // so far
};

namespace {

/// One rank's part. It gets its number when it is tried first, so that a replayed graph counts
/// anew.
struct Part {
  ncclComm* communicator;
  Collective what;
  Buffers buffers;
  bool numbered = false;
  std::uint64_t number = 0;

  bool operator()() {
    if (!numbered) number = communicator->meetings++;
    numbered = true;
    World& world = *communicator->world;
    const auto [place, is_new] = world.meetings.try_emplace(number, Meeting{what, {}});
    Meeting& meeting = place->second;
    if (is_new) meeting.of_rank.resize(world.ranks);
    if (!(meeting.what == what))
      emulator::fail("NCCL: ranks disagree on a collective's kind, count, type or operation");
    Buffers& mine = meeting.of_rank[communicator->rank];
    if (!mine.here) {
      mine = buffers;
      if (++meeting.arrived == world.ranks) finish(meeting);
    }
    if (!meeting.done) return false;
    if (++meeting.left == world.ranks) world.meetings.erase(place);
    return true;
  }
};

ncclResult_t join(ncclComm* communicator, const Collective& what, const void* in, void* out,
                  cudaStream_t stream) {
  const std::lock_guard lock{emulator::emulator_mutex()};
  const auto is_device = [](const void* pointer) {
    return emulator::find(pointer).kind == emulator::MemoryKind::device;
  };
  if (!is_device(in) || !is_device(out)) return ncclInvalidArgument;
  emulator::enqueue(stream, "NCCL collective", Part{communicator, what, {in, out, true}});
  return ncclSuccess;
}

std::uint64_t number_of(const ncclUniqueId& id) {
  std::uint64_t number = 0;
  std::memcpy(&number, &id, sizeof number);
  return number;
}

}  // namespace

extern "C" {

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  const std::lock_guard lock{emulator::emulator_mutex()};
  static std::uint64_t ids = 0;
  ++ids;
  std::memset(id, 0, sizeof *id);
  std::memcpy(id, &ids, sizeof ids);
  return ncclSuccess;
}
ncclResult_t ncclCommInitRank(ncclComm_t* communicator, int ranks, ncclUniqueId id, int rank) {
  const std::lock_guard lock{emulator::emulator_mutex()};
  if (rank < 0 || rank >= ranks) return ncclInvalidArgument;
  auto& world = worlds[number_of(id)];
  if (!world) world = std::make_shared<World>(World{static_cast<std::size_t>(ranks)});
  if (world->ranks != static_cast<std::size_t>(ranks)) return ncclInvalidArgument;
  *communicator = new ncclComm{world, static_cast<std::size_t>(rank)};
  return ncclSuccess;
}
ncclResult_t ncclCommDestroy(ncclComm_t communicator) {
  emulator::drain(nullptr);
  delete communicator;
  return ncclSuccess;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* result) {
  *result = ncclSuccess;
  return ncclSuccess;
}
ncclResult_t ncclGroupStart() { return ncclSuccess; }
ncclResult_t ncclGroupEnd() { return ncclSuccess; }
const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclSuccess ? "no error" : "an error of the emulated NCCL";
}

ncclResult_t ncclAllReduce(const void* in, void* out, size_t count, ncclDataType_t type,
                           ncclRedOp_t reduction, ncclComm_t communicator, cudaStream_t stream) {
  return join(communicator, {Kind::all_reduce, count, type, reduction}, in, out, stream);
}
ncclResult_t ncclAllGather(const void* in, void* out, size_t count, ncclDataType_t type,
                           ncclComm_t communicator, cudaStream_t stream) {
  return join(communicator, {Kind::all_gather, count, type}, in, out, stream);
}
ncclResult_t ncclReduceScatter(const void* in, void* out, size_t count, ncclDataType_t type,
                               ncclRedOp_t reduction, ncclComm_t communicator,
                               cudaStream_t stream) {
  return join(communicator, {Kind::reduce_scatter, count, type, reduction}, in, out, stream);
}
ncclResult_t ncclBroadcast(const void* in, void* out, size_t count, ncclDataType_t type, int root,
                           ncclComm_t communicator, cudaStream_t stream) {
  return join(communicator, {Kind::broadcast, count, type, ncclSum, root}, in, out, stream);
}

}  // extern "C"
