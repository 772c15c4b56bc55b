// SPDX-License-Identifier: MIT
// Batches that travel by a second queue: each step reads its own, however far the host runs ahead.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "both.hpp"
#include "extrema/cuda/flat.cuh"
#include "extrema/cuda/transfer.cuh"
#include "extrema/device/double_mailbox.hpp"
#include "extrema/device/download.hpp"

using namespace extrema;

namespace {

using Device = cuda::BasicDevice<fp32, NoProducts>;
static_assert(UploadsAside<Device>);

constexpr Index size = 1000;
constexpr int steps = 9;

/// What step k reads.
float number(int step) { return static_cast<float>(step + 1); }

}  // namespace

TEST_CASE("each step reads what was sent for it") {
  for (const bool waits : {false, true}) {
    Device device;
    DoubleMailbox<float, Device> mail{size};
    CHECK(mail.size() == size);
    Buffer<float, cuda::Memory> sums{size}, copies{steps * size};
    ops::run(device, ops::Zero<float>{sums.view()});
    std::vector<const float*> addresses;
    for (int step = 0; step < steps; ++step) {
      float* const numbers = mail.write(device);
      std::fill_n(numbers, size, number(step));
      const Matrix<const float> sent{mail.send(device, size), 1, size};
      addresses.push_back(sent.data);
      ops::run(device, ops::Add<float>{sent, sums.view()});
      ops::run(device, ops::Copy<float>{sent, {copies.data() + step * size, 1, size}});
      if (waits) device.synchronise();
    }
    const auto found = download(device, copies.view());
    int wrong = 0;
    for (int step = 0; step < steps; ++step)
      for (Index i = 0; i < size; ++i)
        wrong += found[static_cast<std::size_t>(step * size + i)] != number(step);
    CHECK(wrong == 0);
    CHECK(download(device, sums.view()) == std::vector<float>(size, steps * (steps + 1) / 2));
    CHECK(addresses[0] != addresses[1]);
    CHECK(addresses[0] == addresses[2]);
  }
}

TEST_CASE("a batch may be smaller than the place for it, or empty") {
  Device device;
  DoubleMailbox<std::uint8_t, Device> mail{size};
  for (const Index count : {Index{3}, Index{0}, size, Index{7}}) {
    std::uint8_t* const bytes = mail.write(device);
    for (Index i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + count);
    const std::uint8_t* const sent = mail.send(device, count);
    const auto found = download(device, Matrix<const std::uint8_t>{sent, 1, count});
    REQUIRE(std::ssize(found) == count);
    for (Index i = 0; i < count; ++i)
      REQUIRE(found[static_cast<std::size_t>(i)] == static_cast<std::uint8_t>(i * 7 + count));
  }
}
