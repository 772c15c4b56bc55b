// SPDX-License-Identifier: MIT
// IDX files: what they hold, and what is said of those that lie.
#include "extrema/data/idx_images.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <string>

#include "files.hpp"

using namespace extrema;
using data::IdxImages;

namespace {

const std::string header = big_endian(0x803) + big_endian(2) + big_endian(2) + big_endian(3);
const std::string pixels = "abcdefABCDEF";
const std::string labels = big_endian(0x801) + big_endian(2) + std::string{"\7\1"};

void write_gzip(const std::string& path, const std::string& bytes) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

}  // namespace

TEST_CASE("images and labels, plain and gzipped, by split and by file") {
  const TemporaryFolder folder;
  write_gzip(folder / "train-images-idx3-ubyte.gz", header + pixels);
  write_file(folder / "train-labels-idx1-ubyte", labels);
  write_file(folder / "t10k-images-idx3-ubyte", header + "ghijklGHIJKL");
  const auto train = IdxImages::open(folder.path);
  CHECK(train.size() == 2);
  CHECK(train.extent() == ImageExtent{1, 2, 3});
  CHECK(train.label(0) == 7);
  CHECK(train.label(1) == 1);
  CHECK(train.num_classes() == 8);
  CHECK(train.name(1) == "#1 of " + folder / "train-images-idx3-ubyte.gz");
  const data::ImageView second = train.reader().read(1, whole);
  CHECK(std::string(second.pixels, second.pixels + second.size()) == "ABCDEF");

  const auto test = IdxImages::open(folder.path, {.split = data::Split::test});
  CHECK(*test.reader().read(0, whole).pixels == 'g');
  CHECK(test.label(0) == -1);  // none beside it
  CHECK(test.num_classes() == 0);
  CHECK(IdxImages::open(folder / "train-images-idx3-ubyte.gz").label(0) == 7);
}

TEST_CASE("a fourth dimension is channels") {
  const TemporaryFolder folder;
  write_file(folder / "x", big_endian(0x804) + big_endian(1) + big_endian(2) + big_endian(1) +
                               big_endian(5) + "abcdeABCDE");
  const auto images = IdxImages::open(folder / "x");
  CHECK(images.extent() == ImageExtent{5, 2, 1});
  CHECK(images.channels() == 5);
}

TEST_CASE("what is wrong with a file is said in one line") {
  const TemporaryFolder folder;
  const std::string path = folder / "train-images-idx3-ubyte";
  const auto complaint = [&](const std::string& images, const std::string& beside = "") {
    write_file(path, images);
    std::filesystem::remove(folder / "train-labels-idx1-ubyte");
    if (!beside.empty()) write_file(folder / "train-labels-idx1-ubyte", beside);
    const std::string text = message([&] { IdxImages::open(folder.path); });
    CHECK(text.find('\n') == text.npos);
    return text;
  };
  CHECK(complaint(header + pixels, labels) == "");
  CHECK(complaint("") == "IdxImages: " + path + ": ends within its header");
  CHECK(complaint(header.substr(0, 9)) == "IdxImages: " + path + ": ends within its header");
  CHECK(complaint(labels) == "IdxImages: " + path +
                                 ": expected images (00000803, or 00000804 with channels), found a "
                                 "file that begins with 00000801");
  CHECK(complaint(header + "abc") ==
        "IdxImages: " + path + ": expected 12 bytes after the header, found 3");
  CHECK(complaint(header + pixels + "g") ==
        "IdxImages: " + path + ": expected 12 bytes after the header, found more");
  CHECK(complaint(big_endian(0x803) + big_endian(0) + big_endian(2) + big_endian(3)) ==
        "IdxImages: " + path + ": dimension 0 is 0");
  // A header that lies takes no memory.
  CHECK(complaint(big_endian(0x803) + big_endian(0x7fffffff) + big_endian(16) + big_endian(16) +
                  "abc") ==
        "IdxImages: " + path + ": expected 549755813632 bytes after the header, found 3");
  CHECK(contains(complaint(big_endian(0x803) + big_endian(0x7fffffff) + big_endian(0x7fffffff) +
                           big_endian(0x7fffffff)),
                 "more than a terabyte"));
  CHECK(complaint(header + pixels, big_endian(0x801) + big_endian(3) + "\1\2\3") ==
        "IdxImages: " + folder / "train-labels-idx1-ubyte" +
            ": expected 2 labels, as many as images in " + path + ", found 3");
  CHECK(contains(complaint(header + pixels, header + pixels), "expected labels (00000801)"));
}

TEST_CASE("a gzip file that ends early, and files that are not there") {
  const TemporaryFolder folder;
  const std::string path = folder / "train-images-idx3-ubyte.gz";
  std::string noise;  // does not compress
  for (std::uint32_t i = 0; i < 6000; ++i) noise += static_cast<char>((i * i * 2654435761u) >> 24);
  write_gzip(path, big_endian(0x803) + big_endian(6000) + big_endian(1) + big_endian(1) + noise);
  const std::string sound = read_file(path);
  CHECK(IdxImages::open(folder.path).size() == 6000);
  write_file(path, sound.substr(0, sound.size() / 2));
  CHECK(contains(message([&] { IdxImages::open(folder.path); }), "IdxImages: " + path + ": "));
  std::string damaged = sound;
  damaged[damaged.size() - 6] ^= 1;  // the checksum
  write_file(path, damaged);
  CHECK(contains(message([&] { IdxImages::open(folder.path); }), "damaged or truncated gzip file"));
  std::filesystem::remove(path);
  CHECK(message([&] { IdxImages::open(folder.path); }) ==
        "IdxImages: " + folder.path +
            ": expected train-images-idx3-ubyte or train-images-idx3-ubyte.gz in it");
  CHECK(message([&] { IdxImages::open(folder / "none"); }) ==
        "IdxImages: " + folder / "none" + ": no such file or folder");
}
