// SPDX-License-Identifier: MIT
// How good the features are by now: k-NN accuracy after epochs, of teacher or student.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "extrema/core/branch.hpp"
#include "extrema/data/subset.hpp"
#include "extrema/eval/encode.hpp"
#include "extrema/eval/knn.hpp"
#include "extrema/train/recipe.hpp"
#include "extrema/train/record.hpp"

namespace extrema::train {

/// The accuracy, in [0, 1], of classifying `queries` by their neighbours in `bank`.
template <class Device>
double knn_accuracy(Device& device, const eval::Features& bank, const eval::Features& queries,
                    const eval::Knn& knn = {}) {
  return knn.accuracy(device, bank.rows(), bank.labels, queries.rows(), queries.labels);
}

/// A callback of fit(): adds "knn_teacher" or "knn_student" to the record of an epoch's last step.
/// Both data sets outlive it; images without a label (-1) are left out of both.
template <data::Dataset Bank, data::Dataset Queries = Bank>
class KnnProbe {
  template <class T>
  using Lasting = std::reference_wrapper<const T>;  // no temporary converts to it

 public:
  struct Options {
    int every_epochs = 1;  // and after the last one; 0: never
    Branch branch = Branch::teacher;
    eval::Knn knn = {};
    eval::EncodeOptions encode = {};
  };

  KnnProbe(Lasting<Bank> bank, Lasting<Queries> queries, Options options)
      : bank_{bank.get()}, queries_{queries.get()}, options_{options} {}
  KnnProbe(Lasting<Bank> bank, Lasting<Queries> queries) : KnnProbe{bank, queries, Options{}} {}

  /// Throws Error where no image of the bank has a label, or none of the queries.
  void begin(auto&) const {
    labelled(bank_, "bank");
    labelled(queries_, "queries");
  }

  void epoch(auto& run, StepRecord& record) const {
    if (!due_after_epoch(options_.every_epochs, record)) return;
    record.extra.push_back({options_.branch == Branch::teacher ? "knn_teacher" : "knn_student",
                            accuracy(run.trainer(), *run.recipe().normalisation)});
  }

  /// Of a trainer as it is now, before or after a run of the recipe.
  double accuracy(auto& trainer, const Recipe& recipe) const {
    return accuracy(trainer, *recipe.completed(trainer.method().backbone().image()).normalisation);
  }
  double accuracy(auto& trainer, const data::Normalisation& normalisation) const {
    const auto weights = options_.branch == Branch::teacher ? trainer.teacher() : trainer.student();
    const auto features = [&](const auto& images, const char* role) {
      return eval::encode(trainer.device(), trainer.method().backbone(), weights, normalisation,
                          labelled(images, role), options_.encode);
    };
    return knn_accuracy(trainer.device(), features(bank_, "bank"), features(queries_, "queries"),
                        options_.knn);
  }

 private:
  template <class Images>
  static data::Subset<Images> labelled(const Images& images, const char* role) {
    std::vector<Index> found;
    for (Index i = 0; i < images.size(); ++i)
      if (images.label(i) >= 0) found.push_back(i);
    if (found.empty())
      throw Error{"KnnProbe: expected images with labels as ", role, ", found none among ",
                  images.size()};
    return {images, std::move(found)};
  }

  const Bank& bank_;
  const Queries& queries_;
  Options options_;
};

template <class B, class Q>
KnnProbe(const B&, const Q&) -> KnnProbe<B, Q>;
template <class B, class Q>
KnnProbe(const B&, const Q&, typename KnnProbe<B, Q>::Options) -> KnnProbe<B, Q>;

}  // namespace extrema::train
