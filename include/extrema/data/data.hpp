// SPDX-License-Identifier: MIT
// All of data/: from files to batches of augmented 8-bit images.
#pragma once

#include "extrema/data/any_dataset.hpp"
#include "extrema/data/augmentation.hpp"
#include "extrema/data/augmenter.hpp"
#include "extrema/data/cifar.hpp"
#include "extrema/data/colour.hpp"
#include "extrema/data/concepts.hpp"
#include "extrema/data/evaluation.hpp"
#include "extrema/data/evaluation_loader.hpp"
#include "extrema/data/idx_images.hpp"
#include "extrema/data/image.hpp"
#include "extrema/data/image_decoder.hpp"
#include "extrema/data/image_folder.hpp"
#include "extrema/data/loader.hpp"
#include "extrema/data/normalisation.hpp"
#include "extrema/data/png.hpp"
#include "extrema/data/resize.hpp"
#include "extrema/data/statistics.hpp"
#include "extrema/data/subset.hpp"
#include "extrema/data/unreadable.hpp"
