// SPDX-License-Identifier: MIT
// The cases by the kind of file.
#pragma once

#include "report.hpp"
#include "settings.hpp"

namespace parity {

void augment(Report&, const Settings&);
void droppath(Report&, const Settings&);
void losses(Report&, const Settings&);
void mask_gen(Report&, const Settings&);
void pos_embed(Report&, const Settings&);
void schedules(Report&, const Settings&);
void step(Report&, const Settings&);
void vit_forward(Report&, const Settings&);

/// On a GPU: on_cuda.cu, or without_cuda.cpp where there is no such program.
namespace on_cuda {
void require();  // throws Error where there is no GPU
void droppath(Report&);
void losses(Report&);
void step(Report&);
void vit_forward(Report&);
}  // namespace on_cuda

struct Case {
  std::string_view kind;
  void (*run)(Report&, const Settings&);
  void (*run_on_cuda)(Report&) = nullptr;  // null: it is the host's work
};
inline constexpr Case cases[] = {{"augment", augment},
                                 {"droppath", droppath, on_cuda::droppath},
                                 {"extrema_byol_step", step, on_cuda::step},
                                 {"extrema_infonce_step", step, on_cuda::step},
                                 {"losses", losses, on_cuda::losses},
                                 {"mask_gen", mask_gen},
                                 {"pos_embed", pos_embed},
                                 {"schedules", schedules},
                                 {"vit_forward", vit_forward, on_cuda::vit_forward}};

}  // namespace parity
