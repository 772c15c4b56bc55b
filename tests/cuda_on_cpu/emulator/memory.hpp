// SPDX-License-Identifier: MIT
// The memory of the emulated devices, and pinned host memory.
//
// Device memory is a range of addresses that host code cannot touch: it is opened while a kernel or
// a copy runs. New memory holds NaN, a freed address is never given out again, and what lies behind
// an allocation is looked at when it is freed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace emulator {

/// Held by the one host thread that is in the emulator.
std::recursive_mutex& emulator_mutex();

/// Null where it is more than the devices have left.
void* allocate_device(std::size_t bytes, int device);
/// False where it is not allocated.
bool free_device(void* pointer);
std::size_t free_bytes();

void* allocate_pinned(std::size_t bytes);
bool free_pinned(void* pointer);

enum class MemoryKind { device, freed, pinned, unknown };

struct Where {
  MemoryKind kind;
  std::size_t left;  // bytes to the end of the allocation
};
Where find(const void* pointer);

/// Fails where `bytes` at `pointer` are not within one live allocation of the device.
void check_device_range(const void* pointer, std::size_t bytes, const char* what);

/// Fails where one of the words, which are a kernel's arguments, is an address of memory that is
/// freed, or was never allocated. (Pointers in structs are found so, by what they look like.)
void check_words(const void* words, std::size_t bytes);

/// Whether it is an address of a device, of allocated memory or not.
bool in_device_range(std::uintptr_t address);

/// Device memory may be touched while one of these lives. Holds the mutex.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
};

/// Host code runs on a stream: device memory is closed meanwhile.
class HostAccess {
 public:
  HostAccess();
  ~HostAccess();
  HostAccess(const HostAccess&) = delete;
};

}  // namespace emulator
