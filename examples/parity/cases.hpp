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

struct Case {
  std::string_view kind;
  void (*run)(Report&, const Settings&);
};
inline constexpr Case cases[] = {
    {"augment", augment},           {"droppath", droppath},   {"extrema_byol_step", step},
    {"extrema_infonce_step", step}, {"losses", losses},       {"mask_gen", mask_gen},
    {"pos_embed", pos_embed},       {"schedules", schedules}, {"vit_forward", vit_forward}};

}  // namespace parity
