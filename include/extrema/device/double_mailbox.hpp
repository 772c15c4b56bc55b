// SPDX-License-Identifier: MIT
// A mailbox for what is large: the next batch travels by a second queue while a step reads the one
// before, so there are two places of each kind of memory, taken in turn.
#pragma once

#include <array>
#include <cstddef>

#include "extrema/core/device.hpp"

namespace extrema {

/// A backend whose uploads() is a queue beside its operations. event.hold(queue) makes what is
/// queued there from then on wait for the event.
template <class D>
concept UploadsAside = requires(D& device, typename D::Event& event, std::byte* memory) {
  device.uploads().send(memory, memory, Index{});
  event.record(device.uploads());
  event.hold(device.uploads());
  event.hold(device);
};

/// Two batches have two addresses, hence two captured graphs.
template <class T, UploadsAside Device>
class DoubleMailbox {
 public:
  explicit DoubleMailbox(Index size) {
    for (Place& place : places_) {
      place.staging = Buffer<T, typename Device::Staging>{size};
      place.memory = Buffer<T, typename Device::Memory>{size};
    }
  }

  Index size() const { return places_[0].memory.size(); }

  /// For the host to fill. It waits if the batch before the last has not left yet.
  T* write(Device& device) {
    places_[next_].read.record(device);  // by all that was queued since it was sent
    next_ = 1 - next_;
    places_[next_].sent.wait();
    return places_[next_].staging.data();
  }

  /// Sends the first `count` of what was written. The device's next operations wait for it; it
  /// waits for those that read this place before.
  const T* send(Device& device, Index count) {
    Place& place = places_[next_];
    place.read.hold(device.uploads());
    device.uploads().send(place.staging.data(), place.memory.data(), count);
    place.sent.record(device.uploads());
    place.sent.hold(device);
    return place.memory.data();
  }

 private:
  struct Place {
    Buffer<T, typename Device::Staging> staging;
    Buffer<T, typename Device::Memory> memory;
    typename Device::Event sent, read;
  };
  std::array<Place, 2> places_;
  std::size_t next_ = 0;
};

}  // namespace extrema
