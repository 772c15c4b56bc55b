// SPDX-License-Identifier: MIT
#include "history.hpp"

namespace emulator {

void History::note_read(const Moment& now, std::uint32_t epoch, std::uint32_t place) {
  if (reads.epoch != epoch) {
    reads = Reads{};
    reads.epoch = epoch;
    reads.block = now.block;
  } else if (reads.block != now.block) {
    reads.of_many_blocks = true;
    reads.block = now.block;
    reads.barriers = ~0u;  // of another block: they say nothing of this one
  }
  if (reads.barriers != now.barriers) {
    reads.barriers = now.barriers;
    reads.warps = reads.last_warp_lanes = 0;
  }
  if (reads.last_warp != now.warp() || reads.last_warp_barriers != now.warp_barriers) {
    reads.last_warp = now.warp();
    reads.last_warp_barriers = now.warp_barriers;
    reads.last_warp_lanes = 0;
  }
  reads.warps |= 1u << now.warp();
  reads.last_warp_lanes |= now.lane_bit();
  reads.place = place;
}

void History::note_write(const Moment& now, std::uint32_t epoch, std::uint32_t place, bool atomic) {
  const Write last = write;
  write = {epoch, place, now, atomic};
  if (!atomic || !last.atomic || last.epoch != epoch) return;
  const bool same_block = last.at.block == now.block;
  const bool no_barrier = same_block && last.at.barriers == now.barriers;
  const bool same_warp = last.at.warp() == now.warp();
  write.of_blocks = last.of_blocks || !same_block;
  write.of_warps = no_barrier && (last.of_warps || !same_warp);
  write.of_lanes = no_barrier && same_warp && last.at.warp_barriers == now.warp_barriers &&
                   (last.of_lanes || last.at.thread != now.thread);
}

void Histories::Page::refine_for(Address address, std::size_t bytes) {
  while ((address | bytes) % piece != 0) {
    std::vector<History> finer;
    finer.reserve(2 * pieces.size());
    for (const History& history : pieces) finer.insert(finer.end(), 2, history);
    pieces = std::move(finer);
    piece /= 2;
  }
}

Histories::Page& Histories::page_of(Address address) {
  const Address number = address / page_bytes;
  Recent& recent = recent_[number % recent_.size()];
  if (!recent.page || recent.number != number) recent = {number, &pages_[number]};
  return *recent.page;
}

void Histories::forget(Address address, std::size_t bytes) {
  recent_.fill({});
  for (Address at = address; at < address + bytes; at += page_bytes) pages_.erase(at / page_bytes);
}

}  // namespace emulator
