// SPDX-License-Identifier: MIT
// Another unit with all of the backend: both link to one program.
#include "extrema/cuda/cuda.cuh"

int main() {
  extrema::cuda::Device device;
  device.synchronise();
}
