// SPDX-License-Identifier: MIT
// What a user's project compiles by nvcc: a device, which needs a GPU to run, and an operation.
#include <extrema/cuda/cuda.cuh>

int main(int count, char**) {
  if (count < 2) return 0;
  extrema::cuda::LtDevice<extrema::bf16> device;
  const auto rows = extrema::take_wide(device, 2, 3);
  extrema::ops::run(device, extrema::ops::Zero<float>{rows});
  device.synchronise();
}
