// SPDX-License-Identifier: MIT
// Stands in for the library's header of this name: Thrust's own C++ system, after what is queued on
// the stream. Device memory is open while a policy lives, which is as long as the call.
#pragma once

#include <thrust/execution_policy.h>
#include <thrust/system/cpp/execution_policy.h>

#include <memory>

#include "../../../failure.hpp"
#include "../../../memory.hpp"
#include "../../../queues.hpp"

namespace extrema::cuda {

struct EmulatedPolicy : thrust::cpp::execution_policy<EmulatedPolicy> {
  std::shared_ptr<emulator::DeviceAccess> open;
};

inline EmulatedPolicy policy(cudaStream_t stream) {
  if (emulator::is_capturing(stream)) emulator::fail("Thrust in a captured graph is not emulated");
  emulator::drain(stream);
  EmulatedPolicy result;
  result.open = std::make_shared<emulator::DeviceAccess>();
  return result;
}

}  // namespace extrema::cuda
