// SPDX-License-Identifier: MIT
// Who accessed each piece of memory last, so that an access can tell whether it comes in order.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace emulator {

using Address = std::uintptr_t;

/// Which thread of a grid, and how many barriers it has passed.
struct Moment {
  std::uint32_t block = 0, thread = 0;
  std::uint32_t barriers = 0;       // of the block
  std::uint32_t warp_barriers = 0;  // of the warp

  std::uint32_t warp() const { return thread / 32; }
  std::uint32_t lane_bit() const { return 1u << thread % 32; }
};

/// The last write to a piece of memory, and the reads since the last barrier. `epoch` is the block
/// (shared memory) or the launch (global memory) that they are of; older ones do not count.
struct History {
  struct Write {
    std::uint32_t epoch = 0, place = 0;
    Moment at{};
    bool atomic = false;
    // Atomic, after other ones that no barrier orders: of other blocks, warps, lanes of the warp.
    bool of_blocks = false, of_warps = false, of_lanes = false;
  } write{};
  struct Reads {
    std::uint32_t epoch = 0, place = 0;
    std::uint32_t block = 0, barriers = 0;
    std::uint32_t warps = 0;  // bits
    std::uint32_t last_warp = 0, last_warp_barriers = 0, last_warp_lanes = 0;
    bool of_many_blocks = false;
  } reads{};

  void note_read(const Moment& now, std::uint32_t epoch, std::uint32_t place);
  void note_write(const Moment& now, std::uint32_t epoch, std::uint32_t place, bool atomic);
};

/// Histories by address. A page is cut into pieces of 4 bytes, of 2 or of 1, as fine as its
/// accesses ask for.
class Histories {
 public:
  /// Calls visit(history, address) for each piece of [address, address + bytes).
  template <class Visit>
  void for_each(Address address, std::size_t bytes, Visit visit) {
    while (bytes > 0) {
      const std::size_t here = std::min(bytes, page_bytes - address % page_bytes);
      Page& page = page_of(address);
      page.refine_for(address, here);
      for (std::size_t i = 0; i < here; i += page.piece)
        visit(page.pieces[(address + i) % page_bytes / page.piece], address + i);
      address += here;
      bytes -= here;
    }
  }
  void forget(Address address, std::size_t bytes);

 private:
  static constexpr std::size_t page_bytes = 4096;
  struct Page {
    std::size_t piece = 4;
    std::vector<History> pieces = std::vector<History>(page_bytes / 4);

    void refine_for(Address address, std::size_t bytes);
  };
  struct Recent {
    Address number = 0;
    Page* page = nullptr;
  };
  Page& page_of(Address address);

  std::unordered_map<Address, Page> pages_;
  std::array<Recent, 256> recent_{};
};

}  // namespace emulator
