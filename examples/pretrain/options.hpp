// SPDX-License-Identifier: MIT
// The settings as the library's options, the same for every precision. They throw Error.
#pragma once

#include "extrema/data/any_dataset.hpp"
#include "extrema/loss/catalogue.hpp"
#include "extrema/mask/catalogue.hpp"
#include "extrema/optim/catalogue.hpp"
#include "extrema/siamese/extrema.hpp"
#include "extrema/train/recipe.hpp"
#include "settings.hpp"

namespace pretrain {

using namespace extrema;

using Method = siamese::Extrema<nn::Vit<nn::dynamic>, mask::Shipped, loss::Shipped>;

Method::Options method_options(const Settings&, const data::AnyDataset&);
optim::Shipped optimizer(const Settings&);
train::Recipe recipe(const Settings&, const data::AnyDataset&);

}  // namespace pretrain
