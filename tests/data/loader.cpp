// SPDX-License-Identifier: MIT
// The loader's promises: the same batches whatever the threads, no epoch twice, resumption, what
// happens to unreadable images, and that it always stops.
#include "extrema/data/loader.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "extrema/data/image_folder.hpp"
#include "extrema/data/subset.hpp"
#include "files.hpp"

using namespace extrema;
using data::Loader;
using data::LoaderOptions;
using data::Pair;

namespace {

/// A user's own data set. Every `bad`-th image cannot be read; at `broken` the reading itself
/// fails.
struct Waves {
  Index count = 40;
  int planes = 3;
  Index bad = 0;
  Index broken = -1;

  Index size() const { return count; }
  int channels() const { return planes; }
  int label(Index) const { return -1; }
  std::string name(Index i) const { return "wave " + std::to_string(i); }
  void read(Index i, data::Image& image) const {
    if (i == broken) throw std::runtime_error{"broken"};
    if (bad && i % bad == 0) throw data::Unreadable{name(i), ": bad"};
    image = picture(planes, 10 + static_cast<int>(i % 7), 12, static_cast<int>(i));
  }
};
static_assert(data::Dataset<Waves>);

/// A copy of what was lent.
struct Copy {
  std::uint32_t epoch;
  Index index;
  std::vector<std::uint32_t> samples;
  std::vector<std::uint8_t> student, teacher;
  std::vector<std::uint32_t> skipped;

  explicit Copy(const data::Batch& batch)
      : epoch{batch.epoch},
        index{batch.index},
        samples{batch.samples.begin(), batch.samples.end()},
        student{batch.student, batch.student + batch.size() * batch.extent.size()},
        teacher{batch.teacher, batch.teacher + batch.size() * batch.extent.size()} {
    for (const data::Skipped& image : batch.skipped) skipped.push_back(image.sample);
  }
  bool operator==(const Copy&) const = default;
};

LoaderOptions options(int threads = 1) {
  return {.batch = 8,
          .seed = 3,
          .threads = threads,
          .augmentation = {.height = 6, .width = 8},
          .unreadable = {.share = 1}};
}

template <class D>
std::vector<Copy> take(const D& dataset, const LoaderOptions& options, int count) {
  Loader loader{dataset, options};
  std::vector<Copy> batches;
  for (int i = 0; i < count; ++i) batches.emplace_back(loader.next());
  return batches;
}

}  // namespace

TEST_CASE("batches are the same for 1, 2 and 4 threads, unreadable images among them too") {
  for (const Index bad : {0, 3}) {
    const Waves waves{.bad = bad};
    const auto one = take(waves, options(1), 13);
    CHECK(one == take(waves, options(2), 13));
    CHECK(one == take(waves, options(4), 13));
    for (const Copy& batch : one)
      for (const std::uint32_t sample : batch.samples) CHECK((!bad || sample % bad != 0));
  }
}

TEST_CASE("each epoch shows every image once, in another order, and none is replayed") {
  const Waves waves;
  Loader loader{waves, options(2)};
  CHECK(loader.batches_per_epoch() == 5);
  CHECK(loader.extent() == ImageExtent{3, 6, 8});
  std::set<std::vector<std::uint32_t>> orders;
  std::set<std::vector<std::uint8_t>> firsts;  // what sample 0 looked like
  for (std::uint32_t epoch = 0; epoch < 6; ++epoch) {
    std::vector<std::uint32_t> order;
    for (Index i = 0; i < 5; ++i) {
      const Copy batch{loader.next()};
      CHECK(batch.epoch == epoch);
      CHECK(batch.index == i);
      for (std::size_t b = 0; b < 8; ++b)
        if (batch.samples[b] == 0) {
          const auto image = batch.student.begin() + static_cast<Index>(b) * 3 * 6 * 8;
          firsts.emplace(image, image + Index{3} * 6 * 8);
        }
      order.insert(order.end(), batch.samples.begin(), batch.samples.end());
    }
    CHECK(std::set(order.begin(), order.end()).size() == 40);
    orders.insert(order);
  }
  CHECK(orders.size() == 6);
  CHECK(firsts.size() == 6);
}

TEST_CASE("the order is the ascending order of a random key per sample") {
  std::vector<std::uint32_t> order(1000), expected(1000);
  std::vector<std::uint64_t> scratch;
  data::shuffle(7, 2, order, scratch);
  std::iota(expected.begin(), expected.end(), 0u);
  std::ranges::stable_sort(expected, {}, [](std::uint32_t i) {
    return random::Stream{7, random::Purpose::shuffle, 2, i}.bits();
  });
  CHECK(order == expected);
}

TEST_CASE("going on in the middle of an epoch equals going straight") {
  const Waves waves{.bad = 9};
  const auto straight = take(waves, options(2), 12);
  for (const std::size_t at : {0u, 1u, 4u, 5u, 7u}) {
    LoaderOptions from = options(2);
    // After batch `at`: its index plus one may be an epoch's end.
    from.first = {straight[at].epoch, straight[at].index + 1};
    const auto rest = take(waves, from, 3);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(rest[i].samples == straight[at + 1 + i].samples);
      CHECK(rest[i].student == straight[at + 1 + i].student);
      CHECK(rest[i].teacher == straight[at + 1 + i].teacher);
      CHECK(rest[i].epoch == straight[at + 1 + i].epoch);
    }
  }
}

TEST_CASE("another seed is another order, another crop and another colour") {
  const Waves waves;
  LoaderOptions other = options();
  other.seed = 4;
  const auto a = take(waves, options(), 1), b = take(waves, other, 1);
  CHECK(a[0].samples != b[0].samples);
  CHECK(a[0].student != b[0].student);
}

TEST_CASE("what a pair shares") {
  const Waves waves;
  for (const Pair pair :
       {Pair::spatially_consistent_colour, Pair::crop_only, Pair::centre_crop, Pair::two_crops}) {
    CAPTURE(static_cast<int>(pair));
    LoaderOptions recipe = options();
    recipe.augmentation.pair = pair;
    Loader loader{waves, recipe};
    const data::Batch& batch = loader.next();
    CHECK((batch.teacher == batch.student) == data::shares_image(pair));
    if (!data::shares_image(pair)) CHECK(Copy{batch}.student != Copy{batch}.teacher);
  }
  // Without colour the two of one crop are equal, and those of two crops are not.
  LoaderOptions plain = options();
  plain.augmentation.colour = {.probability = 0, .grey = 0};
  Copy batch = take(waves, plain, 1)[0];
  CHECK(batch.student == batch.teacher);
  plain.augmentation.pair = Pair::two_crops;
  batch = take(waves, plain, 1)[0];
  CHECK(batch.student != batch.teacher);
  plain.augmentation.pair = Pair::centre_crop;
  const auto first = take(waves, plain, 6);
  CHECK(first[0].epoch != first[5].epoch);
  for (std::size_t i = 0; i < 8; ++i)  // the same whenever it is shown
    for (std::size_t batch_of = 5; batch_of < 6; ++batch_of)
      for (std::size_t j = 0; j < 8; ++j)
        if (first[0].samples[i] == first[batch_of].samples[j])
          CHECK(std::equal(first[0].student.begin() + static_cast<Index>(i * 144),
                           first[0].student.begin() + static_cast<Index>((i + 1) * 144),
                           first[batch_of].student.begin() + static_cast<Index>(j * 144)));
}

TEST_CASE("images of 1 and 5 channels") {
  for (const int channels : {1, 5}) {
    const Waves waves{.planes = channels};
    const auto batches = take(waves, options(2), 5);
    CHECK(batches[0].student.size() == static_cast<std::size_t>(8 * channels * 6 * 8));
    CHECK(batches[0].student != batches[0].teacher);  // brightness and contrast act
    CHECK(batches == take(waves, options(1), 5));
  }
}

TEST_CASE("the last batch of an epoch, and batches that do not fit") {
  const Waves waves{.count = 10};
  LoaderOptions recipe = options();
  CHECK(take(waves, recipe, 2)[1].epoch == 1);
  recipe.drop_last = false;
  const auto batches = take(waves, recipe, 3);
  CHECK(batches[1].samples.size() == 2);
  CHECK(batches[2].epoch == 1);
  recipe.batch = 11;
  CHECK(take(waves, recipe, 1)[0].samples.size() == 10);
  recipe.drop_last = true;
  CHECK(message([&] {
          Loader{waves, recipe};
        }) ==
        "Loader: a batch of 11 is larger than the data set of 10 images; take a smaller batch");
  recipe.batch = 0;
  CHECK(message([&] { Loader{waves, recipe}; }) == "Loader: expected batch >= 1, found 0");
  const Waves none{.count = 0};
  CHECK(message([&] { Loader{none, recipe}; }) == "Loader: the data set holds no images");
}

TEST_CASE("unreadable images are counted and named once, in the order in which they are met") {
  const Waves waves{.bad = 8};  // 5 of 40
  std::vector<std::uint32_t> one, four;
  for (auto* skipped : {&one, &four}) {
    Loader loader{waves, options(skipped == &one ? 1 : 4)};
    for (int i = 0; i < 10; ++i)
      for (const data::Skipped& image : loader.next().skipped) {
        skipped->push_back(image.sample);
        CHECK(image.reason == "wave " + std::to_string(image.sample) + ": bad");
      }
    CHECK(loader.skipped().size() == 5);
  }
  CHECK(one == four);
  CHECK(std::set(one.begin(), one.end()) == std::set<std::uint32_t>{0, 8, 16, 24, 32});
}

TEST_CASE("too many unreadable images end the run") {
  LoaderOptions strict = options(2);
  strict.unreadable = {.share = 0.2, .count = 2};
  const auto complaint = [&](const Waves& waves) {
    return message([&] { take(waves, strict, 10); });
  };
  CHECK(complaint({.bad = 8}) == "");  // 12.5 %
  CHECK(contains(complaint({.bad = 3}), " images met so far cannot be read ("));
  CHECK(contains(complaint({.bad = 3}), " %, allowed are 20 %); the first: wave "));
  CHECK(contains(complaint({.bad = 1}), "no substitute found in 100 tries: wave "));
  strict.unreadable = {};
  CHECK(complaint({.bad = 8}) == "");  // up to 8 do not count
}

TEST_CASE("an error in a worker arrives with its batch, and again") {
  const Waves waves{.broken = 17};
  for (const int threads : {1, 4}) {
    Loader loader{waves, options(threads)};
    int sound = 0;
    const auto all = [&] {
      for (int i = 0; i < 5; ++i, ++sound) loader.next();
    };
    CHECK_THROWS_WITH_AS(all(), "broken", std::runtime_error);
    std::vector<std::uint32_t> order(40);
    std::vector<std::uint64_t> scratch;
    data::shuffle(3, 0, order, scratch);
    CHECK(sound == (std::ranges::find(order, 17u) - order.begin()) / 8);
    CHECK_THROWS_WITH_AS(loader.next(), "broken", std::runtime_error);
  }
}

TEST_CASE("a loader may go at any time") {
  const Waves waves{.bad = 5};
  for (int taken = 0; taken < 40; ++taken) {
    LoaderOptions many = options(1 + taken % 5);
    many.prefetch = taken % 4;
    Loader loader{waves, many};
    for (int i = 0; i < taken % 9; ++i) loader.next();
  }
}

TEST_CASE("a subset is a data set of its own") {
  const Waves waves;
  const data::Subset subset{waves, std::vector<Index>{3, 5, 7}};
  LoaderOptions recipe = options();
  recipe.batch = 3;
  const Copy batch = take(subset, recipe, 1)[0];
  CHECK(std::set(batch.samples.begin(), batch.samples.end()) == std::set<std::uint32_t>{0, 1, 2});
  CHECK(subset.name(1) == "wave 5");
  CHECK(data::Subset{waves, 12}.size() == 12);
  CHECK(data::Subset{waves, 99}.size() == 40);
  CHECK(message([&] { data::Subset(waves, std::vector<Index>{40}); }) ==
        "Subset: expected indices below 40, found 40");
}

TEST_CASE("a folder with unreadable files, decoded at a reduced size") {
  const TemporaryFolder folder;
  for (int i = 0; i < 12; ++i)
    write_file(folder / ("image" + std::to_string(i) + ".jpg"),
               i % 5 == 4 ? "broken" : jpeg(picture(3, 300, 400 + i, i)));
  const auto images = data::ImageFolder::open(folder.path);
  LoaderOptions recipe = options();
  recipe.augmentation = {.height = 32, .width = 32, .colour = {.probability = 0, .grey = 0}};
  recipe.batch = 12;
  LoaderOptions exact = recipe;
  exact.augmentation.exact_decode = true;
  const Copy fast = take(images, recipe, 1)[0], slow = take(images, exact, 1)[0];
  CHECK(fast.samples == slow.samples);
  CHECK(fast.skipped == slow.skipped);
  CHECK(fast.skipped.size() == 2);
  CHECK(fast.student != slow.student);  // it did act,
  double distance = 0;
  for (std::size_t i = 0; i < fast.student.size(); ++i)
    distance += std::abs(fast.student[i] - slow.student[i]);
  CHECK(distance / static_cast<double>(fast.student.size()) < 2);  // and is close
}

TEST_CASE("plans are of the samples that images would be of, whatever the threads") {
  const Waves waves{.bad = 11};  // some are replaced
  LoaderOptions planned = options();
  planned.plans = true;
  for (const int threads : {1, 2, 4}) {
    CAPTURE(threads);
    Loader images{waves, options()}, one{waves, planned};
    LoaderOptions recipe = planned;
    recipe.threads = threads;
    Loader loader{waves, recipe};
    for (int i = 0; i < 7; ++i) {
      const data::Batch &expected = images.next(), &plans = loader.next();
      CHECK(std::ranges::equal(plans.samples, expected.samples));
      CHECK(plans.skipped.size() == expected.skipped.size());
      CHECK(plans.student == nullptr);
      CHECK(expected.plans.empty());
      REQUIRE(std::ssize(plans.plans) == plans.size());
      CHECK(std::ranges::equal(plans.plans, one.next().plans));
      for (const auto& plan : plans.plans) CHECK(plan.size() > sizeof(data::PairPlan));
    }
  }
}
