// SPDX-License-Identifier: MIT
// The loop: batches from a data set, steps of a trainer, callbacks that watch.
#pragma once

#include <type_traits>

#include "extrema/core/error.hpp"
#include "extrema/mask/concepts.hpp"
#include "extrema/train/callbacks.hpp"
#include "extrema/train/run.hpp"
#include "extrema/train/watch.hpp"

namespace extrema::train {

/// Throws Error for what can be known to be wrong before the first step.
template <class Trainer, class Dataset>
void require(const Trainer& trainer, const Dataset& images, const Recipe& recipe) {
  const auto& method = trainer.options().method;
  const auto& backbone = trainer.method().backbone();
  recipe.require();
  mask::require(method.mask, backbone.grid(), method.views);
  if (images.channels() != backbone.image().channels)
    throw Error{"fit: the images have ", images.channels(), " channels, the model takes ",
                backbone.image().channels};
  if (recipe.normalisation) recipe.normalisation->require(images.channels());
  if (recipe.augment_on_device && !AugmentsImages<std::remove_cvref_t<decltype(trainer.device())>>)
    throw Error{"fit: augment_on_device is for a GPU; on a CPU the loader's threads augment"};
  if (images.size() < recipe.batch)
    throw Error{"fit: a batch of ", recipe.batch, " is larger than the data set of ", images.size(),
                " images: take a smaller batch"};
}

/// Trains until the recipe's last epoch, or until a callback stops the run; goes on where the
/// trainer is if it has taken steps already. Everything that is drawn is a function of the
/// trainer's seed, so a run that was interrupted ends with the bits of one that was not.
///
///     train::fit(trainer, images, {.epochs = 5, .batch = 256}, train::Progress{});
///
/// Throws Error where the recipe does not fit the data or the model, where too many images cannot
/// be read, and where the loss is not finite: that step counts, but has left the student as it was.
/// Where anything else throws after a step (a data set, a callback), the run is stopped as by a
/// callback, `record` called where it was not, and `save` once, so that nothing is lost, before the
/// exception goes on.
template <class Trainer, data::Dataset Dataset, class... Callbacks>
void fit(Trainer& trainer, const Dataset& images, const Recipe& recipe, Callbacks&&... callbacks) {
  using Watched = Run<Trainer, Dataset>;
  static_assert(((Callback<std::remove_reference_t<Callbacks>, Watched> ||
                  !fits_phases<std::remove_reference_t<Callbacks>, Watched>()) &&
                 ...),
                "fit: a callback has none of restore(run), begin(run), step(run, record), "
                "epoch(run, record), record(run, record), save(run, record), end(run)");
  static_assert((fits_phases<std::remove_reference_t<Callbacks>, Watched>() && ...),
                "fit: a callback has a member of a phase's name that cannot be called as in "
                "train/callbacks.hpp: with (run), or with (run, record), on this object");
  train::require(trainer, images, recipe);
  const Recipe complete = recipe.completed(trainer.method().backbone().image());
  Watched run{trainer, images, complete};
  detail::Watch<Watched, std::remove_reference_t<Callbacks>...> watch{run, callbacks...};
  watch.begin();
  watch.steps();
  watch.end();
}

}  // namespace extrema::train
