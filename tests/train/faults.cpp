// SPDX-License-Identifier: MIT
// The table of faults: what extrema-pretrain says to each, its exit code, and what survives. Each
// row is first run without its fault, which succeeds.
#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <zlib.h>

#include "extrema/io/checkpoint.hpp"
#include "stage.hpp"

using namespace extrema;

namespace {

/// What a fault does to a stage; more arguments for the faulty run; what happens in its process
/// before it begins.
struct Fault {
  const char* name;
  std::function<void(const Stage&)> make = {};
  Arguments arguments = {};
  std::function<void()> before = {};
  const char* says = "";
  bool resumes =
      false;  // the stage has a checkpoint of one epoch, and the run goes on to the second
  int code = 2;
  bool begins = false;  // the run is accepted and fails later: it has written more metrics
  bool saves = false;   // it fails between two steps: it has saved the last one
};

std::string flipped(std::string bytes) {
  bytes[bytes.size() - 100] ^= 1;
  return bytes;
}

/// Writes a checkpoint anew under another version, or at a later step, with a sound checksum.
void rewrite(const std::string& path, const char* version, int later = 0) {
  const io::Safetensors file{path};
  auto state = nlohmann::json::parse(file.metadata().at("state"));
  state["step"] = state.at("step").get<int>() + later;
  std::vector<io::TensorSource> tensors;
  std::vector<std::vector<float>> values;
  values.reserve(file.tensors().size());
  for (const auto& tensor : file.tensors()) {
    auto& copy = values.emplace_back(static_cast<std::size_t>(tensor.size()));
    tensor.copy_to(std::span{copy});
    tensors.push_back(io::source(std::string{tensor.name()},
                                 std::vector<Index>(tensor.shape().begin(), tensor.shape().end()),
                                 copy.data()));
  }
  io::write_safetensors(path, tensors, {{"extrema_checkpoint", version}, {"state", state.dump()}});
}

std::string huge_png() {  // its header claims 65,000 x 65,000 pixels
  std::string bytes = png(picture(3, 40, 40));
  bytes.replace(16, 8, std::string{"\0\0\xfd\xe8\0\0\xfd\xe8", 8});
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(bytes.data() + 12), 17);
  bytes.replace(29, 4, big_endian(static_cast<std::uint32_t>(crc)));
  return bytes;
}

/// Replaces one image, of which the run goes on without: exit code 0, the file named.
std::function<void(const Stage&)> image(std::string name, std::string bytes) {
  return [=](const Stage& stage) {
    fs::remove(stage.image(3));
    write_file(fs::path{stage.image(3)}.parent_path() / name, bytes);
  };
}

/// IDX files of 24 images in place of the folder, some bytes of them left out or another magic.
std::function<void(const Stage&)> idx(std::size_t missing, std::uint32_t magic,
                                      std::uint32_t labels = 24) {
  return [=](const Stage& stage) {
    fs::remove_all(stage.data);
    const std::string pixels(24 * 32 * 32, '\x40');
    write_below(stage.data + "/train-images-idx3-ubyte", big_endian(magic) + big_endian(24) +
                                                             big_endian(32) + big_endian(32) +
                                                             pixels.substr(missing));
    write_below(stage.data + "/train-labels-idx1-ubyte",
                big_endian(0x801) + big_endian(labels) + std::string(labels, '\1'));
  };
}

/// Even root obeys permissions and limits from here on.
void without_privileges() {
  for (const unsigned long capability : {1ul, 2ul}) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}
void small_files() {
  const rlimit limit{40000, 40000};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

const std::vector<Fault> faults{
    {.name = "no such data folder",
     .make = [](const Stage& s) { fs::remove_all(s.data); },
     .says = "/data: no such file or folder"},
    {.name = "empty data folder",
     .make = [](const Stage& s) { fs::remove_all(s.data), fs::create_directory(s.data); },
     .says = "/data: expected .jpg, .jpeg or .png files"},
    {.name = "a data folder that may not be read",
     .make = [](const Stage& s) { fs::permissions(s.data, fs::perms::none); },
     .before = without_privileges,
     .says = "Permission denied"},

    {.name = "an image that may not be read",
     .make = [](const Stage& s) { fs::permissions(s.image(3), fs::perms::none); },
     .before = without_privileges,
     .says = "103.png: cannot be opened",
     .code = 0},
    {.name = "a truncated image",
     .make = image("x.png", png(picture(3, 40, 40)).substr(0, 900)),
     .says = "x.png: damaged or truncated PNG",
     .code = 0},
    {.name = "an image of no bytes",
     .make = image("x.jpg", ""),
     .says = "x.jpg: the file is empty",
     .code = 0},
    {.name = "a CMYK image",
     .make = image("x.jpg", jpeg(picture(4, 40, 40))),
     .says = "x.jpg: expected a grey or RGB JPEG, found CMYK",
     .code = 0},
    {.name = "an image of 16 bits",
     .make = image("x.png", png(std::vector<std::uint16_t>(40 * 40 * 3, 30000).data(), 40, 40,
                                PNG_FORMAT_LINEAR_RGB)),
     .says = "x.png: expected 8 bits per channel, found 16",
     .code = 0},
    {.name = "an image of one pixel",
     .make = image("x.png", png(picture(3, 1, 1))),
     .says = "x.png: 1 x 1 pixels are fewer than 2",
     .code = 0},
    {.name = "an image of billions of pixels",
     .make = image("x.png", huge_png()),
     .says = "x.png: 65000 x 65000 pixels are more than the limit",
     .code = 0},
    {.name = "too many unreadable images",
     .make =
         [](const Stage& s) {
           for (int i = 0; i < 12; ++i) write_file(s.image(i), "none");
         },
     .says = "images met so far cannot be read",
     .saves = true},

    {.name = "a truncated IDX file", .make = idx(100, 0x803), .says = "train-images-idx3-ubyte"},
    {.name = "an IDX file of labels in place of images",
     .make = idx(0, 0x801),
     .says = "train-images-idx3-ubyte: expected"},
    {.name = "fewer labels than images",
     .make = idx(0, 0x803, 23),
     .says = "train-labels-idx1-ubyte"},

    {.name = "patches that do not fill the image",
     .arguments = {"--img-size", "30", "30"},
     .says = "30 x 30 are not made of whole patches of 8 x 8"},
    {.name = "an image size given twice, of which the last counts",
     .arguments = {"--img-size", "32", "--img-size", "30"},
     .says = "30 x 30 are not made of whole patches of 8 x 8"},
    {.name = "masks that cannot be disjoint",
     .arguments = {"--img-size", "80", "80", "--num-masks", "5", "--mask-ratio", "0.61"},
     .says = "5 views of 39 patches need 195, the grid has 100"},
    {.name = "a batch larger than the data",
     .arguments = {"-b", "25"},
     .says = "a batch of 25 is larger than the data set of 24 images"},
    {.name = "heads that do not divide the width",
     .arguments = {"--heads", "3"},
     .says = "heads must divide dim"},
#ifndef __SANITIZE_ADDRESS__  // which ends the program by itself
    {.name = "a model that fits no memory",
     .arguments = {"--mlp-dim", "100000000"},
     .says = "out of memory"},
#endif
    {.name = "one beta",
     .arguments = {"--opt-betas", "0.9", "--opt", "adamw"},
     .says = "--opt-betas"},
    {.name = "a beta of 1",
     .arguments = {"--opt-betas", "0.9", "1"},
     .says = "expected betas and a momentum of 0 to below 1, found 1"},
    {.name = "three strengths of jitter",
     .arguments = {"--color-jitter", "0.4", "0.4", "0.2", "-b", "8"},
     .says = "--color-jitter"},
    {.name = "a learning rate that is none",
     .arguments = {"--lr", "nan"},
     .says = "--lr: expected a finite number, 0 or more, found nan"},
    {.name = "a negative weight decay",
     .arguments = {"--wd=-0.1"},
     .says = "expected a finite number, 0 or more, found -0.1"},
    {.name = "crops of nothing",
     .arguments = {"--crop-min", "0"},
     .says = "crops show 0 to 1 of an image's area"},
    {.name = "a deviation of 0",
     .arguments = {"--mean", "0.5", "0.5", "0.5", "--std", "0.2", "0", "0.2"},
     .says = "channel 1 has mean 0.5 and deviation 0"},
    {.name = "means of other channels",
     .arguments = {"--mean", "0.5", "--std", "0.2"},
     .says = "each of 3 channels, found 1 and 1"},
    {.name = "channels that the data does not have",
     .make = idx(0, 0x803),
     .arguments = {"--channels", "3"},
     .says = "--channels 3: the images of"},
    {.name = "no width", .arguments = {"--dim=0"}, .says = "expected 1 or more, found 0"},
    {.name = "a negative number of epochs",
     .arguments = {"--save-freq", "-1"},
     .says = "expected 0 or more, found -1"},
    {.name = "the CPU is to augment in a device's place",
     .arguments = {"--augment-on", "device"},
     .says = "--augment-on device: is for --device cuda; on a CPU the --workers augment"},
    {.name = "attention dropout",
     .arguments = {"--attn_drop_rate", "0.1"},
     .says = "there is no dropout in attention"},
    {.name = "an unknown flag", .arguments = {"--no-such-flag"}, .says = "--no-such-flag"},
    {.name = "an unknown option with a value: it alone is to blame",
     .arguments = {"--num-mask", "4"},
     .says = "not expected: --num-mask (did you mean --num-masks?) "},
    {.name = "an unknown option of another spelling",
     .arguments = {"--mask_ratio=0.8"},
     .says = "--mask_ratio=0.8 (did you mean --mask-ratio?)"},
    {.name = "a number that is none", .arguments = {"--lr", "fast"}, .says = "--lr"},
    {.name = "an unknown architecture", .arguments = {"-a", "vit_giant"}, .says = "vit_giant"},
    {.name = "another device", .arguments = {"--device", "cuda"}, .says = "--device cuda"},
    {.name = "two augmentations",
     .arguments = {"--aug-spatial", "--aug-centercrop"},
     .says = "two augmentations are named"},

    {.name = "a loss that is not finite",
     .arguments = {"--lr", "1e36"},
     .says = "lower the learning rate",
     .resumes = true,
     .begins = true},
    {.name = "no room for the checkpoint",
     .before = small_files,
     .says = "checkpoint.safetensors: ",
     .resumes = true,
     .begins = true},
    {.name = "a truncated checkpoint",
     .make =
         [](const Stage& s) {
           fs::resize_file(checkpoint(s.out), fs::file_size(checkpoint(s.out)) - 1000);
         },
     .says = "checkpoint.safetensors: ",
     .resumes = true},
    {.name = "a checkpoint with a flipped bit",
     .make =
         [](const Stage& s) {
           write_file(checkpoint(s.out), flipped(read_file(checkpoint(s.out))));
         },
     .says = "checksum",
     .resumes = true},
    {.name = "a checkpoint of a newer version",
     .make = [](const Stage& s) { rewrite(checkpoint(s.out), "2"); },
     .says = "was written by a newer version",
     .resumes = true},
    {.name = "a checkpoint of another architecture",
     .arguments = {"--dim", "48"},
     .says = "is of a run with dim 32, this one has 48",
     .resumes = true},
    {.name = "a checkpoint of another batch",
     .arguments = {"-b", "12"},
     .says = "is of a run with batch 8, this one has 12",
     .resumes = true},
    {.name = "a checkpoint of another loss",
     .arguments = {"--loss", "infonce", "--contrast-temp", "0.2"},
     .says = R"(with loss "byol", this one has "infonce, temperature 0.2")",
     .resumes = true},
    {.name = "a checkpoint of other masks",
     .arguments = {"--mask-ratio", "0.6"},
     .says = R"(with mask "disjoint, ratio 0.75, rounding truncate", this one has "disjoint, )",
     .resumes = true},
    {.name = "a checkpoint of another optimiser",
     .arguments = {"--opt-betas", "0.9", "0.95"},
     .says = R"(with optimiser "adamw, betas 0.9 and 0.999, epsilon 1e-08", this one has)",
     .resumes = true},
    {.name = "a checkpoint behind that of the output folder",
     .make =
         [](const Stage& s) {
           fs::copy_file(checkpoint(s.out), s.folder / "old.safetensors");
           rewrite(checkpoint(s.out), "1", 2);
         },
     .arguments = {"--resume", "@/old.safetensors"},
     .says = "which it would replace, is at step 5: leave resume out",
     .resumes = true},
    {.name = "a checkpoint that is not there",
     .arguments = {"--resume", "@/none.safetensors"},
     .says = "/none.safetensors: "},
    {.name = "first weights of another architecture",
     .arguments = {"--fresh", "--init", "@/out/student.safetensors", "--depth", "3"},
     .says = "does not fit this model",
     .resumes = true},
    {.name = "a test part with other classes",
     .make =
         [](const Stage& s) { write_below(s.folder / "test/b/1.png", png(picture(3, 40, 40))); },
     .arguments = {"--knn-freq", "1", "--knn-test", "@/test"},
     .says = "the classes of the test part (b) are not those of",
     .resumes = true},
    {.name = "a test part without labels",
     .make = [](const Stage& s) { write_below(s.folder / "test/1.png", png(picture(3, 40, 40))); },
     .arguments = {"--knn-freq", "1", "--knn-test", "@/test"},
     .says = "the classes of the test part () are not those of",
     .resumes = true},
    {.name = "images without labels to be classified",
     .make =
         [](const Stage& s) {
           for (const char* of : {"/a", "/b"}) {
             for (const auto& entry : fs::directory_iterator{s.data + of})
               fs::rename(entry.path(), fs::path{s.data} / entry.path().filename());
             fs::remove(s.data + of);
           }
         },
     .arguments = {"--fresh", "--lr", "9", "--knn-freq", "1", "--knn-test", "@/data"},
     .says = "expected images with labels as bank",
     .resumes = true},
    {.name = "no test part",
     .arguments = {"--knn-freq", "1"},
     .says = "has no test part of its own: name one with --knn-test"},
    {.name = "an IDX file, which has no test part",
     .make = idx(0, 0x803),
     .arguments = {"--data", "@/data/train-images-idx3-ubyte", "--knn-freq", "1"},
     .says = "has no test part of its own: name one with --knn-test"},
    {.name = "a log folder of another run",
     .make = [](const Stage& s) { write_below(s.folder / "log/metrics.jsonl", "{\"step\":1}\n"); },
     .arguments = {"--log_dir", "@/log"},
     .says = "/log: holds the metrics of another run: name another --log_dir",
     .resumes = true},
    {.name = "an unknown name in a configuration",
     .make = [](const Stage& s) { write_file(s.folder / "c.ini", "speed=9\n"); },
     .arguments = {"--config", "@/c.ini"},
     .says = "speed"},
    {.name = "an output folder that may not be written to",
     .make =
         [](const Stage& s) {
           fs::permissions(s.out, fs::perms::owner_read | fs::perms::owner_exec);
         },
     .before = without_privileges,
     .says = "/out/config.ini: cannot be created: Permission denied",
     .resumes = true},
};

void play(const Fault& fault) {
  const Stage stage;
  Arguments arguments = prepare(stage, fault.resumes);
  for (std::string argument : fault.arguments) {
    if (argument[0] == '@') argument.replace(0, 1, stage.folder.path);
    arguments.push_back(argument);
  }
  if (fault.make) fault.make(stage);
  const std::string kept = survivors(stage.out, !fault.begins);
  const Outcome outcome = run(stage, arguments, fault.before);
  for (const std::string& path : {stage.data, stage.out})
    if (fs::exists(path)) fs::permissions(path, fs::perms::owner_all);

  CAPTURE(outcome.said);
  CHECK(outcome.code == fault.code);
  CHECK(contains(outcome.said, fault.says));
  CHECK(lines_of_error(outcome.said) == (fault.code == 0 ? 0 : 1));
  if (fault.code == 0) CHECK(contains(outcome.said, "1 images could not be read"));
  else if (fault.saves) CHECK(fs::exists(checkpoint(stage.out)));
  else CHECK(survivors(stage.out, !fault.begins) == kept);
  for (const auto& entry : fs::recursive_directory_iterator{stage.folder.path})
    CHECK(entry.path().extension() != ".extrema-tmp");
}

}  // namespace

TEST_CASE("the table of faults") {
  for (const Fault& fault : faults) SUBCASE(fault.name) play(fault);
}

TEST_CASE("no data is named") {
  const Stage stage;
  const Outcome outcome = run(stage, {"--output_dir", stage.out});
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.said,
                 "DATA_DIR, the images to learn from (the last argument, or --data),"
                 " is required"));
  CHECK(lines_of_error(outcome.said) == 1);
}

TEST_CASE("two runs into one output folder") {
  const Stage stage;
  make_images(stage.data);
  const Arguments arguments = stage.arguments() + Arguments{"--epochs", "1000"};
  Pretraining first{arguments, stage.folder / "first"};
  first.until([&] { return size_of(stage.out + "/metrics.jsonl") > 0; });
  const Outcome outcome = run(stage, arguments);
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.said, "/out: is in use by process "));
  CHECK(lines_of_error(outcome.said) == 1);
  const auto before = size_of(stage.out + "/metrics.jsonl");
  first.until([&] { return size_of(stage.out + "/metrics.jsonl") > before; });
  CHECK(first.running());  // undisturbed
  first.signal(SIGTERM);
  CHECK(first.wait() == 128 + SIGTERM);
  CHECK(run(stage, stage.arguments() + Arguments{"--epochs", "1000", "--max-steps", "1"}).code ==
        0);
}

TEST_CASE("two runs into one log folder") {
  const Stage stage;
  make_images(stage.data);
  const std::string log = stage.folder / "log";
  const auto into = [&](const std::string& out) {
    return tiny(stage.data, out) + Arguments{"--log_dir", log, "--epochs", "1000"};
  };
  Pretraining first{into(stage.out), stage.folder / "first"};
  first.until([&] { return size_of(log + "/metrics.jsonl") > 0; });
  const Outcome outcome = run(stage, into(stage.folder / "other"));
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.said, "/log: is in use by process "));
  CHECK(first.running());
  CHECK_FALSE(fs::exists(stage.folder / "other/config.ini"));
  const auto before = size_of(log + "/metrics.jsonl");
  first.until([&] { return size_of(log + "/metrics.jsonl") > before; });
  CHECK(first.running());  // undisturbed
}
