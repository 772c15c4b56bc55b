// SPDX-License-Identifier: MIT
// The race checker. Kernels are compiled with -fsanitize=thread and linked without its runtime: the
// compiler's calls at every load and store arrive here (race/callbacks.cpp). Two accesses to the
// same memory by two threads of a grid, one of them a write, with no barrier between them, are a
// race, in whatever order the threads happened to run. Memory that a kernel has no business with is
// reported too.
#include "checker.hpp"

#include <elf.h>
#include <link.h>

#include <string>

#include "../block.hpp"
#include "../failure.hpp"
#include "../memory.hpp"
#include "../source.hpp"
#include "history.hpp"
#include "watcher.hpp"

namespace emulator {

namespace {

thread_local bool watching = false;  // this host thread runs a kernel

struct Range {
  Address begin = 0, end = 0;
  bool contains(Address address) const { return address >= begin && address < end; }
};

Range range(const void* memory, std::size_t bytes) {
  const auto begin = reinterpret_cast<Address>(memory);
  return {begin, begin + bytes};
}

/// Where the program's thread-local variables are, of which __shared__ arrays are some.
Range thread_local_variables() {
  Range found;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        for (int i = 0; i < info->dlpi_phnum; ++i)
          if (info->dlpi_phdr[i].p_type == PT_TLS)
            *static_cast<Range*>(result) = range(info->dlpi_tls_data, info->dlpi_phdr[i].p_memsz);
        return 1;  // the first object is the program
      },
      &found);
  return found;
}

std::string hexadecimal(Address address) {
  char text[32];
  std::snprintf(text, sizeof text, "%#lx", static_cast<unsigned long>(address));
  return text;
}

class Checker final : public Watcher {
 public:
  void grid_begins(const Launch& launch) override;
  void grid_ends() override { watching = false; }
  void block_begins(unsigned block) override;
  void block_met() override { ++barriers_; }
  void warp_met(unsigned warp, unsigned mask) override {
    if (mask == ~0u) ++warp_barriers_[warp];  // of some lanes only: they count as unordered
  }
  void pause() override { watching = false; }
  void resume() override { watching = true; }
  void reads(const void* memory, std::size_t bytes) override;
  void writes(const void* memory, std::size_t bytes) override;
  void updates(const void* memory, std::size_t bytes) override;
  void frees(const void* memory, std::size_t bytes) override {
    allocation_ = {};
    histories_.forget(reinterpret_cast<Address>(memory), bytes);
  }

  void access(Address address, std::size_t bytes, Access kind, std::uint32_t place);

 private:
  enum class Memory { local, global, shared };
  Memory classify(Address address, std::size_t bytes, Access kind, std::uint32_t place);
  void check_allocation(Address address, std::size_t bytes, std::uint32_t place);
  bool comes_after(const History::Write& write, const Moment& now) const;
  void check_reads(const History& history, const Moment& now, Address address, Memory memory,
                   std::uint32_t place);
  [[noreturn]] void report_race(const std::string& kind, Address address, Memory memory,
                                std::uint32_t place, const std::string& before) const;
  [[noreturn]] void report(const std::string& what, Address address, std::uint32_t place) const;

  const Launch* launch_ = nullptr;
  std::uint32_t launches_ = 0, blocks_ = 0, block_ = 0;  // so many so far, and which runs
  std::uint32_t barriers_ = 0;
  std::array<std::uint32_t, 32> warp_barriers_{};
  Range arguments_, stacks_, dynamic_shared_, thread_locals_;
  Range allocation_;  // of the last access to global memory
  Histories histories_;
};

Checker& checker() {
  static Checker only;
  return only;
}
[[maybe_unused]] const bool installed = [] {
  watcher() = &checker();
  return true;
}();

void Checker::grid_begins(const Launch& launch) {
  launch_ = &launch;
  ++launches_;
  arguments_ = range(launch.arguments.get(), launch.argument_bytes);
  dynamic_shared_ = range(emulated_shared_memory, most_shared);
  stacks_ = {block().fibres().begin(), block().fibres().end()};
  thread_locals_ = thread_local_variables();
  allocation_ = {};
}

void Checker::block_begins(unsigned number) {
  block_ = number;
  ++blocks_;
  barriers_ = 1;
  warp_barriers_.fill(0);
  watching = true;
}

void Checker::reads(const void* memory, std::size_t bytes) {
  access(reinterpret_cast<Address>(memory), bytes, Access::read,
         place_of(__builtin_return_address(0)));
}
void Checker::writes(const void* memory, std::size_t bytes) {
  access(reinterpret_cast<Address>(memory), bytes, Access::write,
         place_of(__builtin_return_address(0)));
}
void Checker::updates(const void* memory, std::size_t bytes) {
  access(reinterpret_cast<Address>(memory), bytes, Access::update,
         place_of(__builtin_return_address(0)));
}

/// What memory it is; fails where a kernel may not touch it.
Checker::Memory Checker::classify(Address address, std::size_t bytes, Access kind,
                                  std::uint32_t place) {
  if (stacks_.contains(address)) return Memory::local;
  if (in_device_range(address)) {
    check_allocation(address, bytes, place);
    return Memory::global;
  }
  if (dynamic_shared_.contains(address)) {
    if (address + bytes > dynamic_shared_.begin + launch_->shared)
      report("a kernel goes beyond the launch's dynamic shared memory", address, place);
    return Memory::shared;
  }
  if (thread_locals_.contains(address)) return Memory::shared;
  if (kind == Access::read && (arguments_.contains(address) || in_program(address)))
    return Memory::local;
  report(in_program(address) ? "a kernel writes a variable of the host"
                             : "a kernel touches memory of the host",
         address, place);
}

void Checker::check_allocation(Address address, std::size_t bytes, std::uint32_t place) {
  if (address >= allocation_.begin && address + bytes <= allocation_.end) return;
  const Where where = find(reinterpret_cast<const void*>(address));
  if (where.kind == MemoryKind::freed)
    report("a kernel touches device memory that is freed", address, place);
  if (where.kind != MemoryKind::device || where.left < bytes)
    report("a kernel touches device memory outside every allocation", address, place);
  allocation_ = {address, address + where.left};
}

/// Whether a barrier stands between that write and now.
bool Checker::comes_after(const History::Write& write, const Moment& now) const {
  if (write.at.block != now.block || write.of_blocks) return false;
  if (write.at.barriers == now.barriers) {
    if (write.of_warps) return false;
    if (write.of_lanes && write.at.warp_barriers == now.warp_barriers) return false;
  }
  if (write.at.thread == now.thread || write.at.barriers < now.barriers) return true;
  return write.at.warp() == now.warp() && write.at.warp_barriers < now.warp_barriers;
}

void Checker::check_reads(const History& history, const Moment& now, Address address, Memory memory,
                          std::uint32_t place) {
  const History::Reads& reads = history.reads;
  const auto race = [&](const char* reader) {
    report_race(std::string{"write after read, "} + reader, address, memory, place,
                "read at " + line_of(reads.place));
  };
  if (reads.of_many_blocks || reads.block != now.block) race("by another block");
  if (reads.barriers != now.barriers) return;
  if ((reads.warps & ~(1u << now.warp())) != 0) race("by another warp");
  const bool same_time =
      reads.last_warp == now.warp() && reads.last_warp_barriers == now.warp_barriers;
  if (same_time && (reads.last_warp_lanes & ~now.lane_bit()) != 0)
    race("by another lane of the warp");
}

void Checker::access(Address address, std::size_t bytes, Access kind, std::uint32_t place) {
  if (!watching || bytes == 0) return;
  const Unwatched own;
  const Memory memory = classify(address, bytes, kind, place);
  if (memory == Memory::local) return;
  const bool shared = memory == Memory::shared;
  const std::uint32_t epoch = shared ? blocks_ : launches_, thread = thread_in_block();
  const Moment now{block_, thread, barriers_, warp_barriers_[thread / 32]};
  histories_.for_each(address, bytes, [&](History& history, Address at) {
    const History::Write& write = history.write;
    if (write.epoch == epoch) {
      const bool both_atomic = kind == Access::update && write.atomic;
      if (!comes_after(write, now) && !both_atomic)
        report_race(kind == Access::read ? "read after write" : "write after write", at, memory,
                    place,
                    "written by block " + std::to_string(write.at.block) + ", thread " +
                        std::to_string(write.at.thread) + " at " + line_of(write.place));
    } else if (shared && kind == Access::read) {
      report("a kernel reads shared memory that no thread of the block wrote", at, place);
    }
    if (kind == Access::read) return history.note_read(now, epoch, place);
    if (history.reads.epoch == epoch) check_reads(history, now, at, memory, place);
    history.note_write(now, epoch, place, kind == Access::update);
  });
}

void Checker::report_race(const std::string& kind, Address address, Memory memory,
                          std::uint32_t place, const std::string& before) const {
  fail("race (" + kind + ") on " + (memory == Memory::shared ? "shared" : "global") + " memory " +
       hexadecimal(address) + ": thread " + std::to_string(thread_in_block()) + " at " +
       line_of(place) + ", " + before);
}

void Checker::report(const std::string& what, Address address, std::uint32_t place) const {
  fail(what + ", " + hexadecimal(address) + ", at " + line_of(place));
}

}  // namespace

void note_access(const void* memory, std::size_t bytes, Access kind, const void* return_address) {
  if (!watching) return;
  checker().access(reinterpret_cast<Address>(memory), bytes, kind, place_of(return_address));
}

}  // namespace emulator
