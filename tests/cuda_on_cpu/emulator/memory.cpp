// SPDX-License-Identifier: MIT
#include "memory.hpp"

#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "failure.hpp"
#include "race/watcher.hpp"
#include "sanitizer.hpp"
#include "settings.hpp"

namespace emulator {

std::recursive_mutex& emulator_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

namespace {

using Address = std::uintptr_t;
constexpr std::size_t range_bytes = std::size_t{1} << 38, page = 4096;
constexpr std::size_t gap = 512;  // at least so much is between allocations
constexpr int poison = 0xff;      // bytes that are NaN as float, double, half and bfloat16

Address address_of(const void* pointer) { return reinterpret_cast<Address>(pointer); }

struct Allocation {
  std::size_t bytes, end;  // `end`: how far from its begin the next one begins
  int device;
  bool live;
};

class Arena {
 public:
  ~Arena() { report_leaks(); }

  void* allocate(std::size_t bytes, int device);
  bool release(void* pointer);

  const std::map<Address, Allocation>& allocations() const { return allocations_; }
  std::size_t held() const { return held_; }
  Address begin() const { return address_of(base_); }
  bool contains(Address address) const {
    return base_ && address >= begin() && address < begin() + range_bytes;
  }
  bool is_open() const { return openers_ > 0; }
  void open() {
    if (openers_++ == 0) protect(PROT_READ | PROT_WRITE);
  }
  void close() {
    if (--openers_ == 0) protect(PROT_NONE);
  }

 private:
  void reserve();
  void protect(int allowed);
  void check_gap(Address address, const Allocation& allocation) const;
  void report_leaks() const;

  char* base_ = nullptr;
  std::size_t used_ = 0, held_ = 0;
  int openers_ = 0;
  std::map<Address, Allocation> allocations_;
  std::map<Address, std::size_t> live_;  // where the live ones begin, and how long they are
};
Arena arena;
std::map<Address, std::size_t> pinned;

void on_segmentation_fault(int, siginfo_t* info, void*) {
  char place[32];
  std::snprintf(place, sizeof place, "%p", info->si_addr);
  const bool device = arena.contains(address_of(info->si_addr));
  if (device && !arena.is_open()) fail(std::string{"host code touched device memory at "} + place);
  if (device)
    fail((find(info->si_addr).kind == MemoryKind::freed
              ? "a kernel touched device memory that is freed, at "
              : "a kernel touched device memory beyond every allocation, at ") +
         std::string{place});
  fail(std::string{"segmentation fault at "} + place +
       " (so does a kernel's thread whose local variables overflow its stack)");
}

/// The fault may be an overflow of the usual stack. Where this thread has another already, that
/// stays: AddressSanitizer gives each thread one, and unmaps what it finds there when the thread
/// ends.
void give_signal_stack() {
  stack_t signal_stack{};
  sigaltstack(nullptr, &signal_stack);
  if (!(signal_stack.ss_flags & SS_DISABLE)) return;
  thread_local char stack[64 << 10];
  signal_stack = {};
  signal_stack.ss_sp = stack;
  signal_stack.ss_size = sizeof stack;
  sigaltstack(&signal_stack, nullptr);
}

void Arena::reserve() {
  give_signal_stack();
  if (base_) return;
  void* const memory =
      mmap(nullptr, range_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) fail("no addresses for the device's memory");
  base_ = static_cast<char*>(memory);
  struct sigaction action {};
  action.sa_sigaction = on_segmentation_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
}

/// Of what is allocated: what was freed stays closed.
void Arena::protect(int allowed) {
  for (auto entry = live_.begin(); entry != live_.end();) {
    const Address run = entry->first;
    Address end = run;
    for (; entry != live_.end() && entry->first == end; ++entry) end += entry->second;
    mprotect(reinterpret_cast<void*>(run), end - run, allowed);
  }
}

void* Arena::allocate(std::size_t bytes, int device) {
  reserve();
  if (bytes > settings().memory - held_) return nullptr;
  const std::size_t whole = (bytes + gap + page - 1) / page * page;
  if (whole > range_bytes - used_) fail("the device's addresses, which are used once, are used up");
  char* const pointer = base_ + used_;
  used_ += whole;
  held_ += bytes;
  mprotect(pointer, whole, PROT_READ | PROT_WRITE);
  allow(pointer, whole);
  std::memset(pointer, poison, whole);
  forbid(pointer + bytes, whole - bytes);
  if (!is_open()) mprotect(pointer, whole, PROT_NONE);
  allocations_[address_of(pointer)] = {bytes, whole, device, true};
  live_[address_of(pointer)] = whole;
  return pointer;
}

bool Arena::release(void* pointer) {
  const auto found = allocations_.find(address_of(pointer));
  if (found == allocations_.end() || !found->second.live) return false;
  Allocation& allocation = found->second;
  check_gap(found->first, allocation);
  allocation.live = false;
  held_ -= allocation.bytes;
  live_.erase(found->first);
  if (watcher()) watcher()->frees(pointer, allocation.end);
  madvise(pointer, allocation.end, MADV_DONTNEED);
  mprotect(pointer, allocation.end, PROT_NONE);
  forbid(pointer, allocation.end);
  return true;
}

/// AddressSanitizer says so earlier, and which line it was.
void Arena::check_gap(Address address, const Allocation& allocation) const {
  if (address_sanitizer) return;
  const DeviceAccess access;
  const auto* bytes = reinterpret_cast<const unsigned char*>(address);
  const bool kept = std::all_of(bytes + allocation.bytes, bytes + allocation.end,
                                [](unsigned char byte) { return byte == poison; });
  if (!kept)
    fail("something was written behind the end of an allocation of " +
         std::to_string(allocation.bytes) + " bytes");
}

void Arena::report_leaks() const {
  const auto leaked = std::count_if(allocations_.begin(), allocations_.end(),
                                    [](const auto& entry) { return entry.second.live; });
  if (leaked == 0) return;
  std::fprintf(stderr, "==EMU== %td device allocations were never freed\n", leaked);
  std::fflush(nullptr);
  std::_Exit(exit_code_of_leak);
}

/// The entry that an address lies in, or the end of the map.
template <class Map, class Bytes>
auto entry_of(Map& entries, Address address, Bytes bytes) {
  auto place = entries.upper_bound(address);
  if (place == entries.begin()) return entries.end();
  --place;
  return address < place->first + bytes(place->second) ? place : entries.end();
}

}  // namespace

void* allocate_device(std::size_t bytes, int device) { return arena.allocate(bytes, device); }
bool free_device(void* pointer) { return arena.release(pointer); }
std::size_t free_bytes() { return settings().memory - arena.held(); }

void* allocate_pinned(std::size_t bytes) {
  void* const pointer = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!pointer) return nullptr;
  std::memset(pointer, poison, bytes);
  pinned[address_of(pointer)] = bytes;
  return pointer;
}
bool free_pinned(void* pointer) {
  if (pinned.erase(address_of(pointer)) == 0) return false;
  std::free(pointer);
  return true;
}

Where find(const void* pointer) {
  const Address address = address_of(pointer);
  if (arena.contains(address)) {
    const auto& all = arena.allocations();
    const auto found = entry_of(all, address, [](const Allocation& a) { return a.bytes; });
    if (found == all.end()) return {MemoryKind::unknown, 0};
    const std::size_t left = found->first + found->second.bytes - address;
    return {found->second.live ? MemoryKind::device : MemoryKind::freed, left};
  }
  const auto found = entry_of(pinned, address, [](std::size_t bytes) { return bytes; });
  if (found == pinned.end()) return {MemoryKind::unknown, 0};
  return {MemoryKind::pinned, found->first + found->second - address};
}

bool in_device_range(std::uintptr_t address) { return arena.contains(address); }

void check_device_range(const void* pointer, std::size_t bytes, const char* what) {
  const Where where = find(pointer);
  if (where.kind == MemoryKind::freed) fail(std::string{what} + ": memory that was freed");
  if (where.kind != MemoryKind::device)
    fail(std::string{what} + ": expected device memory, found " +
         (arena.contains(address_of(pointer)) ? "an address outside every allocation"
                                              : "a host pointer"));
  if (bytes > where.left)
    fail(std::string{what} + ": " + std::to_string(bytes) + " bytes, and the allocation has " +
         std::to_string(where.left) + " from there on");
}

void check_words(const void* words, std::size_t bytes) {
  const auto allocated = [](const Allocation& a) { return a.end; };  // its end may be pointed at
  for (std::size_t at = 0; at + sizeof(Address) <= bytes; at += sizeof(Address)) {
    Address word = 0;
    std::memcpy(&word, static_cast<const char*>(words) + at, sizeof word);
    if (!arena.contains(word)) continue;
    const auto found = entry_of(arena.allocations(), word, allocated);
    if (found == arena.allocations().end() || !found->second.live)
      fail("a kernel's arguments hold a pointer to device memory that is " +
           std::string{found == arena.allocations().end() ? "not allocated" : "freed"});
  }
}

DeviceAccess::DeviceAccess() {
  emulator_mutex().lock();
  arena.open();
}
DeviceAccess::~DeviceAccess() {
  arena.close();
  emulator_mutex().unlock();
}

static int suspended = 0;
HostAccess::HostAccess() {
  while (arena.is_open()) {
    arena.close();
    ++suspended;
  }
}
HostAccess::~HostAccess() {
  for (; suspended > 0; --suspended) arena.open();
}

}  // namespace emulator
