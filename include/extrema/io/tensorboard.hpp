// SPDX-License-Identifier: MIT
// Scalars in an event file that TensorBoard reads: records of length, checksum, and a protobuf
// message of its own few fields.
#pragma once

#include <dirent.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "extrema/core/tensor.hpp"
#include "extrema/io/checksum.hpp"
#include "extrema/io/descriptor.hpp"

namespace extrema::io {

namespace detail {

/// A protobuf message under construction: field numbers and wire types as in TensorFlow's
/// event.proto and summary.proto.
class Message {
 public:
  Message& number(unsigned field, std::uint64_t value) {
    varint(field << 3 | 0u);
    varint(value);
    return *this;
  }
  Message& number(unsigned field, double value) { return fixed(field << 3 | 1u, value); }
  Message& number(unsigned field, float value) { return fixed(field << 3 | 5u, value); }
  Message& bytes(unsigned field, std::string_view value) {
    varint(field << 3 | 2u);
    varint(value.size());
    text_ += value;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  void varint(std::uint64_t value) {
    for (; value > 0x7F; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
  }
  template <class T>
  Message& fixed(unsigned key, T value) {
    varint(key);
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }

  std::string text_;
};

}  // namespace detail

/// A new event file in a folder, later than all that are there. It tells TensorBoard to forget what
/// they hold after `last_step`: a resumed run goes on from there, 0 begins anew. Each scalar is
/// written at once.
class EventFile {
 public:
  EventFile(const std::string& folder, Index last_step) {
    // TensorBoard reads a folder's files in the order of their names
    std::uint64_t stamp = std::max(static_cast<std::uint64_t>(now()), latest(folder) + 1);
    do {
      path_ = text(folder, "/", prefix, stamp++, ".extrema.", ::getpid());
      file_ = Descriptor{path_, O_WRONLY | O_CREAT | O_EXCL | O_APPEND};
    } while (!file_ && errno == EEXIST);
    if (!file_) throw Error{path_, ": cannot be created: ", system_reason()};
    event(0, detail::Message{}.bytes(3, "brain.Event:2"));
    event(last_step + 1, detail::Message{}.bytes(7, detail::Message{}.number(1, start).text()));
  }

  const std::string& path() const { return path_; }
  /// Whether a file of this name is such a one.
  static bool is_one(std::string_view name) { return name.starts_with(prefix); }

  /// "loss" and "train/loss" are two charts; what stands before the slash is the group's name.
  void scalar(std::string_view tag, Index step, double value) {
    const auto entry = detail::Message{}.bytes(1, tag).number(2, static_cast<float>(value));
    event(step, detail::Message{}.bytes(5, detail::Message{}.bytes(1, entry.text()).text()));
  }

 private:
  static constexpr std::string_view prefix = "events.out.tfevents.";
  static constexpr std::uint64_t start = 1;  // SessionLog's status

  static double now() {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(since_1970).count();
  }

  /// The stamp in the names of the files that are there.
  static std::uint64_t latest(const std::string& folder) {
    std::uint64_t result = 0;
    DIR* const entries = ::opendir(folder.c_str());
    if (!entries) throw Error{folder, ": cannot be read: ", system_reason()};
    while (const dirent* entry = ::readdir(entries)) {
      const std::string_view name = entry->d_name;
      std::uint64_t stamp = 0;
      if (!name.starts_with(prefix)) continue;
      std::from_chars(name.data() + prefix.size(), name.data() + name.size(), stamp);
      result = std::max(result, stamp);
    }
    ::closedir(entries);
    return result;
  }

  void event(Index step, const detail::Message& what) {
    detail::Message message;
    message.number(1, now()).number(2, static_cast<std::uint64_t>(step));
    record(message.text() + what.text());
  }

  /// Length, its checksum, data, its checksum.
  void record(std::string_view data) {
    const std::uint64_t size = data.size();
    std::string bytes{reinterpret_cast<const char*>(&size), sizeof size};
    append_checksum(bytes, bytes);
    bytes += data;
    append_checksum(bytes, data);
    file_.write(bytes, path_);
  }

  /// Rotated and shifted, so that the checksum of data that holds checksums is a good one.
  static void append_checksum(std::string& to, std::string_view of) {
    const std::uint32_t masked = std::rotr(crc32c(of), 15) + 0xA282EAD8u;
    to.append(reinterpret_cast<const char*>(&masked), sizeof masked);
  }

  std::string path_;
  Descriptor file_;
};

}  // namespace extrema::io
