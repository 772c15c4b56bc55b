// SPDX-License-Identifier: MIT
// Folders of images: which files are listed, how they are decoded, and what is said of bad ones.
#include "extrema/data/image_folder.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "extrema/data/png.hpp"
#include "extrema/data/read_image.hpp"
#include "files.hpp"

using namespace extrema;
using data::ImageFolder;

namespace {

/// Between images of one extent.
double mean_distance(data::ImageView a, data::ImageView b) {
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.size());
}

/// The one image of a folder.
data::Image read_only(const std::string& path, ImageFolder::Options options = {}) {
  const auto folder = ImageFolder::open(path, options);
  REQUIRE(folder.size() == 1);
  auto reader = folder.reader();
  const data::ImageView view = reader.read(0, whole);
  return {view.channels, view.height, view.width, {view.pixels, view.pixels + view.size()}};
}

}  // namespace

TEST_CASE("folders are classes, sorted; other files are passed over") {
  const TemporaryFolder folder;
  const std::string image = png(picture(3, 4, 5));
  write_below(folder / "wolf/b.PNG", image);
  write_below(folder / "wolf/deep/a.jpeg", image);
  write_below(folder / "ant/z.jpg", image);
  write_below(folder / "ant/notes.txt", "");
  write_below(folder / ".hidden/a.png", image);
  write_below(folder / "wolf/._b.png", image);
  std::filesystem::create_directories(folder / "cat");  // a class without images stays one
  for (const std::string& path : {folder.path, folder.path + "/"}) {
    const auto images = ImageFolder::open(path);
    CHECK(images.class_names() == std::vector<std::string>{"ant", "cat", "wolf"});
    CHECK(images.num_classes() == 3);
    REQUIRE(images.size() == 3);
    CHECK(images.path(0) == std::filesystem::path{folder / "ant/z.jpg"});
    CHECK(images.path(1) == std::filesystem::path{folder / "wolf/b.PNG"});
    CHECK(images.path(2) == std::filesystem::path{folder / "wolf/deep/a.jpeg"});
    CHECK(images.label(0) == 0);
    CHECK(images.label(2) == 2);
    CHECK(std::filesystem::exists(images.name(2)));
    auto reader = images.reader();
    CHECK(reader.read(2, whole).width == 5);  // a PNG by another name
  }
}

TEST_CASE("a flat folder has no labels") {
  const TemporaryFolder folder;
  write_file(folder / "a.png", png(picture(1, 4, 4)));
  for (const std::string& path : {folder.path, folder.path + "/"}) {
    const auto images = ImageFolder::open(path);
    CHECK(images.label(0) == -1);
    CHECK(images.num_classes() == 0);
    CHECK(images.path(0) == std::filesystem::path{folder / "a.png"});
    CHECK(images.reader().read(0, whole).width == 4);
  }
}

TEST_CASE("missing and empty folders") {
  const TemporaryFolder folder;
  write_file(folder / "a.txt", "");
  CHECK(message([&] { ImageFolder::open(folder.path); }) ==
        "ImageFolder: " + folder.path +
            ": expected .jpg, .jpeg or .png files in it or in a folder per class, found none");
  CHECK(message([&] { ImageFolder::open(folder / "none"); }) ==
        "ImageFolder: " + folder / "none" + ": no such folder");
  CHECK(message([&] { ImageFolder::open(folder / "a.txt"); }) ==
        "ImageFolder: " + folder / "a.txt" + ": no such folder");
  CHECK(contains(message([&] { ImageFolder::open(folder.path, {.channels = 2}); }),
                 "expected channels 1 or 3, found 2"));
}

TEST_CASE("every kind of PNG becomes grey or RGB") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.png";
  const data::Image rgb = picture(3, 6, 7), grey = picture(1, 6, 7);
  write_file(path, png(rgb));
  CHECK(read_only(folder.path).pixels == rgb.pixels);
  const data::Image luma = read_only(folder.path, {.channels = 1});
  CHECK(luma.channels == 1);
  CHECK(std::abs(luma.pixels[9] - (0.299 * rgb.pixels[27] + 0.587 * rgb.pixels[28] +
                                   0.114 * rgb.pixels[29])) <= 0.51);

  write_file(path, png(grey));
  CHECK(read_only(folder.path, {.channels = 1}).pixels == grey.pixels);
  const data::Image repeated = read_only(folder.path);
  CHECK(repeated.channels == 3);
  for (std::size_t i = 0; i < repeated.pixels.size(); ++i)
    REQUIRE(repeated.pixels[i] == grey.pixels[i / 3]);

  // Alpha is dropped, and the colour below it stays.
  std::vector<std::uint8_t> rgba, grey_alpha;
  for (std::size_t i = 0; i < rgb.pixels.size(); ++i) {
    rgba.push_back(rgb.pixels[i]);
    if (i % 3 == 2) rgba.push_back(static_cast<std::uint8_t>(i % 5 * 60));
  }
  for (const std::uint8_t value : grey.pixels) grey_alpha.insert(grey_alpha.end(), {value, 17});
  write_file(path, png(rgba.data(), 6, 7, PNG_FORMAT_RGBA));
  CHECK(read_only(folder.path).pixels == rgb.pixels);
  write_file(path, png(grey_alpha.data(), 6, 7, PNG_FORMAT_GA));
  CHECK(read_only(folder.path, {.channels = 1}).pixels == grey.pixels);
  CHECK(read_only(folder.path).channels == 3);

  const std::uint8_t palette[]{1, 2, 3, 200, 100, 50}, indices[]{0, 1, 1, 0};
  write_file(path, png(indices, 2, 2, PNG_FORMAT_RGB_COLORMAP, palette, 2));
  CHECK(read_only(folder.path).pixels ==
        std::vector<std::uint8_t>{1, 2, 3, 200, 100, 50, 200, 100, 50, 1, 2, 3});
}

TEST_CASE("JPEGs, grey and colour, whole and reduced") {
  const TemporaryFolder folder;
  const std::string path = folder / "a.jpg";
  const data::Image rgb = picture(3, 101, 150), grey = picture(1, 101, 150);
  write_file(path, jpeg(rgb));
  CHECK(mean_distance(read_only(folder.path), rgb) < 1.5);
  CHECK(read_only(folder.path, {.channels = 1}).channels == 1);
  const auto images = ImageFolder::open(folder.path);
  auto reader = images.reader();
  for (const int by : {2, 4, 8}) {
    const data::ImageView small = reader.read(0, [&](int height, int width) {
      CHECK(height == 101);
      CHECK(width == 150);
      return by;
    });
    CHECK(small.reduction == by);
    CHECK(small.height == (101 + by - 1) / by);
    CHECK(small.width == (150 + by - 1) / by);
  }
  write_file(path, jpeg(grey));
  CHECK(mean_distance(read_only(folder.path, {.channels = 1}), grey) < 1.5);
  const data::Image repeated = read_only(folder.path);
  CHECK(repeated.pixels[300] == repeated.pixels[301]);
}

TEST_CASE("each fault of an image is one line that names the file") {
  const TemporaryFolder folder;
  const std::string sound_jpeg = jpeg(picture(3, 64, 64)), sound_png = png(picture(3, 64, 64));
  const std::vector<std::uint16_t> deep(64 * 64 * 3, 30000);
  // A header alone that claims a size: 65,000 x 65,000 pixels would take 12 GB.
  std::string huge = sound_jpeg;
  const std::size_t frame = huge.find("\xff\xc0");
  REQUIRE(frame != huge.npos);
  huge.replace(frame + 5, 4, "\xfd\xe8\xfd\xe8");
  std::string thumbnail = sound_jpeg;  // has an end marker of its own, before the data
  thumbnail.insert(2, std::string{"\xff\xe1\x00\x06\xff\xd8\xff\xd9", 8});
  std::string middle = sound_jpeg;  // the second half of the data is missing
  middle.erase(middle.size() / 2, middle.size() / 2 - 2);
  std::string damaged = sound_png;
  damaged[damaged.size() / 2] ^= 1;

  struct Fault {
    std::string file;
    std::string bytes;
    const char* reason;  // empty: it can be read
  };
  const std::vector<Fault> faults{
      {"whole.jpg", sound_jpeg, ""},
      {"whole.png", sound_png, ""},
      {"thumbnail.jpg", thumbnail, ""},
      {"appended.jpg", sound_jpeg + "more", ""},
      {"empty.jpg", "", "the file is empty"},
      {"text.jpg", "not an image", "neither a JPEG nor a PNG"},
      {"begun.jpg", sound_jpeg.substr(0, 3), "not a sound JPEG: "},
      {"header.jpg", sound_jpeg.substr(0, 100), "not a sound JPEG: "},
      {"half.jpg", sound_jpeg.substr(0, sound_jpeg.size() / 2), "damaged or truncated JPEG: "},
      {"short.jpg", sound_jpeg.substr(0, sound_jpeg.size() - 40), "damaged or truncated JPEG: "},
      {"shortened.jpg", thumbnail.substr(0, thumbnail.size() / 2), "damaged or truncated JPEG: "},
      {"middle.jpg", middle, "damaged or truncated JPEG: "},
      {"cmyk.jpg", jpeg(picture(4, 64, 64)), "expected a grey or RGB JPEG, found CMYK"},
      {"huge.jpg", huge, "65000 x 65000 pixels are more than the limit of 178956970"},
      {"one.jpg", jpeg(picture(3, 1, 1)), "1 x 1 pixels are fewer than 2 on a side"},
      {"begun.png", sound_png.substr(0, 20), "not a PNG that can be read: "},
      {"half.png", sound_png.substr(0, sound_png.size() / 2), "damaged or truncated PNG: "},
      {"damaged.png", damaged, "damaged or truncated PNG: "},
      {"deep.png", png(deep.data(), 64, 64, PNG_FORMAT_LINEAR_RGB),
       "expected 8 bits per channel, found 16"},
      {"one.png", png(picture(3, 1, 1)), "1 x 1 pixels are fewer than 2 on a side"},
  };
  for (const Fault& fault : faults) write_file(folder / fault.file, fault.bytes);
  const auto images = ImageFolder::open(folder.path);
  auto reader = images.reader();
  REQUIRE(images.size() == std::ssize(faults));
  for (Index i = 0; i < images.size(); ++i)
    for (const Fault& fault : faults) {
      if (images.name(i) != folder / fault.file) continue;
      CAPTURE(fault.file);
      std::string said;
      try {
        reader.read(i, whole);
      } catch (const data::Unreadable& error) {
        said = error.what();
      }
      const std::string expected = images.name(i) + ": " + fault.reason;
      if (*fault.reason) CHECK(said.substr(0, expected.size()) == expected);
      else CHECK(said == "");
      CHECK(said.find('\n') == said.npos);
    }
}

TEST_CASE("a file that went away since the folder was listed, and limits that are set") {
  const TemporaryFolder folder;
  write_file(folder / "a.png", png(picture(3, 20, 30)));
  const auto images = ImageFolder::open(folder.path);
  CHECK(contains(message([&] { read_only(folder.path, {.most_pixels = 599}); }), "limit of 599"));
  CHECK(message([&] { read_only(folder.path, {.most_pixels = 600}); }) == "");
  CHECK(contains(message([&] { read_only(folder.path, {.least_side = 21}); }), "fewer than 21"));
  std::filesystem::remove(folder / "a.png");
  auto reader = images.reader();
  CHECK(contains(message([&] { reader.read(0, whole); }), folder / "a.png" + ": cannot be opened"));
}

TEST_CASE("pipes, folders and giants are not waited for or taken into memory") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "pipe.jpg").c_str(), 0600) == 0);
  write_file(folder / "giant.jpg", "");
  std::filesystem::resize_file(folder / "giant.jpg", data::most_file_bytes + 1);
  const auto images = ImageFolder::open(folder.path);
  REQUIRE(images.size() == 2);
  auto reader = images.reader();
  CHECK(message([&] { reader.read(0, whole); }) ==
        folder / "giant.jpg" + ": 1073741825 bytes are more than the limit of 1073741824");
  const std::string expected = ": expected a regular file, found a folder, a pipe or a device";
  CHECK(message([&] { reader.read(1, whole); }) == folder / "pipe.jpg" + expected);
  CHECK(message([&] { data::read_image(folder.path); }) == folder.path + expected);
}

TEST_CASE("links are followed, but not in a circle") {
  namespace fs = std::filesystem;
  const TemporaryFolder folder, elsewhere;
  const std::string image = png(picture(3, 4, 5));
  write_below(folder / "ant/deep/a.png", image);
  write_below(folder / "wolf/b.png", image);
  write_below(elsewhere / "c.png", image);
  fs::create_symlink(elsewhere.path, folder / "wolf/linked");
  fs::create_symlink("..", folder / "ant/deep/up");
  fs::create_symlink("../..", folder / "ant/deep/root");
  fs::create_symlink("../wolf", folder / "ant/wolf");  // another class, which leads back:
  fs::create_symlink("../ant", folder / "wolf/ant");
  fs::create_symlink(".", folder / "all");
  fs::create_symlink("self", folder / "ant/self");
  fs::create_symlink("self", folder / "self");
  for (const std::string& path : {folder.path, folder.path + "/"}) {
    const auto images = ImageFolder::open(path);
    CHECK(images.class_names() == std::vector<std::string>{"ant", "wolf"});
    REQUIRE(images.size() == 6);
    CHECK(images.path(0) == fs::path{folder / "ant/deep/a.png"});
    CHECK(images.path(1) == fs::path{folder / "ant/wolf/b.png"});
    CHECK(images.path(2) == fs::path{folder / "ant/wolf/linked/c.png"});
    CHECK(images.path(3) == fs::path{folder / "wolf/ant/deep/a.png"});
    CHECK(images.path(4) == fs::path{folder / "wolf/b.png"});
    CHECK(images.path(5) == fs::path{folder / "wolf/linked/c.png"});
  }
}

TEST_CASE("one image file as evaluation shows it") {
  const TemporaryFolder folder;
  data::Image plain;
  plain.resize(3, 40, 60);
  for (std::size_t i = 0; i < plain.pixels.size(); ++i)
    plain.pixels[i] = static_cast<std::uint8_t>(50 * (1 + i % 3));
  write_file(folder / "a.png", png(plain));
  const data::Image shown = data::read_image(folder / "a.png", {.height = 16, .width = 24});
  CHECK(shown.channels == 3);
  CHECK(shown.height == 16);
  CHECK(shown.width == 24);
  for (std::size_t i = 0; i < shown.pixels.size(); ++i)
    REQUIRE(shown.pixels[i] == 50 * (1 + i % 3));
  CHECK(data::read_image(folder / "a.png", {}, {.channels = 1}).channels == 1);
  const data::Image drawn = picture(3, 16, 24);
  write_file(folder / "c.png", png(drawn));
  CHECK(data::read_image(folder / "c.png", {.height = 16, .width = 24}).pixels == drawn.pixels);
  CHECK(data::read_image(folder / "c.png", {.height = 16, .width = 23}).pixels.size() ==
        3 * 16 * 23);
  write_file(folder / "b.png", "not an image");
  CHECK(message([&] { data::read_image(folder / "b.png"); }) ==
        folder / "b.png" + ": neither a JPEG nor a PNG");
}

TEST_CASE("written PNGs are read back") {
  const TemporaryFolder folder;
  const data::Image image = picture(3, 9, 11);
  data::write_png(folder / "a.png", image);
  CHECK(read_only(folder.path).pixels == image.pixels);
  CHECK(contains(message([&] { data::write_png(folder / "b.png", picture(2, 3, 3)); }),
                 "expected 1 or 3 channels, found 2"));
  CHECK(contains(message([&] { data::write_png(folder / "none/b.png", image); }), "none/b.png: "));
}
